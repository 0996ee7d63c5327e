package ws

import (
	"fmt"
	"io"
)

// flaw says in fixed words what exactly went wrong. An error shows flaws only:
// other text may quote an address, an answer, or a secret in one of them.
type flaw string

func (f flaw) Error() string { return string(f) }

const (
	panicked  flaw = "a function of the application panicked"
	nothing   flaw = "Dial gave neither a connection nor an error"
	noProxy   flaw = "the proxy cannot be used"
	proxyNo   flaw = "the proxy refused to connect"
	proxyLong flaw = "the proxy's answer is longer than HeaderLimit"

	cancelled flaw = "the context was cancelled"
	cutHere   flaw = "the connection was cut on this side"
	refused   flaw = "the host refuses connections"
	noHost    flaw = "the host name has no address"
	reset     flaw = "the peer reset the connection"
	ended     flaw = "the connection ended without a close frame"
	lost      flaw = "the connection failed"

	silentDial    flaw = "no connection in time"
	silentProxy   flaw = "no answer from the proxy in time"
	silentTLS     flaw = "no end of the TLS handshake in time"
	silentUpgrade flaw = "no answer to the upgrade in time"
	silentPeer    flaw = "the peer took too long"

	badCertificate flaw = "the server's certificate is not valid"
	badAuthority   flaw = "the server's certificate is signed by an unknown authority"
	badName        flaw = "the server's certificate is for another name"
	notTLS         flaw = "the server does not speak TLS"
	badTLS         flaw = "no TLS connection"

	noSwitch          flaw = "the answer does not switch to WebSocket"
	wrongKey          flaw = "the answer has a wrong accept key"
	notHTTP           flaw = "the answer is not HTTP"
	headerLong        flaw = "the answer is longer than HeaderLimit"
	unaskedExtension  flaw = "the answer has an extension that was not asked for"
	unaskedSubproto   flaw = "the answer has a subprotocol that was not asked for"
	unaskedParameters flaw = "the answer has compression parameters that were not asked for"

	badFrame    flaw = "a malformed frame"
	tooLong     flaw = "a message is longer than ReadLimit"
	notUTF8     flaw = "a text message is not UTF-8"
	badDeflate  flaw = "a message cannot be decompressed"
	ownText     flaw = "the text to write is not UTF-8"
	ownControl  flaw = "the payload to write is longer than 125 bytes"
	ownClose    flaw = "the close code or reason cannot be written"
	closedWrite flaw = "a close frame was written before"
)

// remedies are the advice for a flaw, where it says more than that for the fault.
var remedies = map[flaw]string{
	panicked:      "fix the function: Dial, Proxy, a callback of TLS, or a method of the connection",
	nothing:       "Dial must return one of the two",
	noProxy:       "check the proxy's address and scheme: http or socks5",
	proxyNo:       "check the proxy's address, its credentials, and that it lets this host through",
	proxyLong:     "check that the address is that of a proxy",
	cancelled:     "the caller gave up",
	cutHere:       "the connection was closed by this program",
	refused:       "check host and port, and that the server runs",
	noHost:        "check the host name and the DNS",
	silentDial:    "check host and port, and firewalls in between",
	silentProxy:   "check the proxy",
	silentTLS:     "check that the port speaks TLS, else use ws instead of wss",
	silentUpgrade: "the server accepts connections and says nothing: check the port, and whether it expects TLS",
	badAuthority:  "add the authority to RootCAs, or check for a proxy that intercepts TLS",
	badName:       "check the host name, or set ServerName",
	notTLS:        "check the port, or use ws instead of wss",
	wrongKey:      "something in between answers from a cache, or the server does not speak WebSocket",
	noSwitch:      "something in between strips the headers Upgrade and Connection",
	notHTTP:       "check the port, and whether it expects TLS",
	headerLong:    "check that the address is a WebSocket endpoint, or raise HeaderLimit",
	tooLong:       "raise ReadLimit, or let the peer send less at once",
	ownText:       "write it as a binary message",
	ownControl:    "control frames are short (RFC 6455 section 5.5)",
	ownClose:      "use a code of RFC 6455 section 7.4 and a reason of at most 123 bytes of UTF-8",
	closedWrite:   "nothing may follow a close frame (RFC 6455 section 5.5.1)",
}

// violations are the close codes for what the peer may not do (RFC 6455 section
// 7.4.1), and for what this side may not write.
var violations = map[flaw]int{
	badFrame: 1002, ownControl: 1002, ownClose: 1002,
	notUTF8: 1007, badDeflate: 1007, ownText: 1007,
	tooLong: 1009,
}

// cause is a flaw with the error that showed it, whose text stays out of sight.
type cause struct {
	flaw
	err error
}

// because returns a flaw with the error that showed it, if there is one.
func because(f flaw, err error) error {
	if err == nil {
		return f
	}
	return &cause{f, err}
}

// Unwrap returns the flaw and the error that showed it.
func (c *cause) Unwrap() []error { return []error{c.flaw, c.err} }

// Format writes the flaw only, whatever the verb.
func (c *cause) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, c.Error()) }

// recovered turns a panic of the application's code into an error; it is deferred.
func recovered(err *error) {
	if p := recover(); p != nil {
		*err = because(panicked, fmt.Errorf("panic: %v", p))
	}
}
