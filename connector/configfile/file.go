package configfile

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/custom-app/interlock/authhttp"
)

// File is what a config file says. Zero values mean the defaults of the fields of
// connector.Config and authhttp.JSON that they stand for.
type File struct {
	HTTP    HTTP     `json:"http" example:"{login: {url: https://example.com/login}}" jsonschema:"how to log in, to refresh and to log out"`
	Sockets []Socket `json:"sockets,omitempty" jsonschema:"the sockets of the session; none: HTTP alone"`
	Store   *Store   `json:"store,omitempty" jsonschema:"where tokens are kept between two runs; absent: nowhere"`
	Retry   Retry    `json:"retry,omitempty" jsonschema:"how attempts follow each other"`

	places places // of what was read; zero: it was not
}

// Format prints how much the file says, and nothing of it.
func (f File) Format(s fmt.State, _ rune) {
	fmt.Fprintf(s, "[config file of %d sockets]", len(f.Sockets))
}

// MarshalText is what encoders print: no more than Format.
func (f File) MarshalText() ([]byte, error) { return fmt.Append(nil, f), nil }

// Headers are the headers of a request, each with one value.
type Headers map[string]string

// Format prints the names, and no value.
func (h Headers) Format(s fmt.State, _ rune) {
	_, _ = io.WriteString(s, "["+strings.Join(slices.Sorted(maps.Keys(h)), " ")+"]")
}

// MarshalText is what encoders print: no more than Format.
func (h Headers) MarshalText() ([]byte, error) { return fmt.Append(nil, h), nil }

// Format prints nothing of what a call sends, which may be secret.
func (c Call) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[call]") }

// Format prints the name.
func (s Socket) Format(state fmt.State, _ rune) { fmt.Fprintf(state, "[socket %s]", s.ID) }

// HTTP is the backend that is logged in to.
type HTTP struct {
	Base       string      `json:"base,omitempty" jsonschema:"http:// or https://, to which all URLs may be relative, those of sockets too: /x is of its host, x of its path"`
	AllowPlain bool        `json:"allowPlain,omitempty" jsonschema:"send secrets in clear over http:// and ws:// to hosts other than loopback"`
	Headers    Headers     `json:"headers,omitempty" jsonschema:"headers of every call"`
	Token      TokenHeader `json:"token,omitempty" jsonschema:"how the access token goes on requests"`
	Origins    []string    `json:"origins,omitempty" jsonschema:"the only scheme://host whose requests get the token; absent: that of base"`
	Exclude    []string    `json:"exclude,omitempty" jsonschema:"prefixes of URLs whose requests get no token"`
	ExcludeRE  []string    `json:"excludePattern,omitempty" jsonschema:"regular expressions (RE2) of URLs whose requests get no token"`

	Login            *Call   `json:"login" instead:"tokens" example:"{url: https://example.com/login}" jsonschema:"the login request; its body holds the credentials. Either it or tokens is there"`
	Tokens           *Tokens `json:"tokens,omitempty" example:"{access: \"${TOKEN}\"}" jsonschema:"tokens from elsewhere, such as an API key, in the place of login; with a store and user, for as long as that has none. With logout they end with the session; user tells whose they are"`
	Refresh          *Call   `json:"refresh,omitempty" jsonschema:"the refresh request; absent: the backend has none"`
	LoginAs          *Call   `json:"loginAs,omitempty" jsonschema:"the request that logs in as another user, whose id is {{id}}"`
	Logout           *Call   `json:"logout,omitempty" jsonschema:"the request that ends this login; absent: the server is not told"`
	LogoutEverywhere *Call   `json:"logoutEverywhere,omitempty" jsonschema:"the request that ends all logins of the user"`
	User             *Call   `json:"user,omitempty" jsonschema:"the request that tells whose the token is, for tokens that were stored; with its own answer.access it may bring newer ones"`
	Answer           Answer  `json:"answer,omitempty" jsonschema:"where things are in the answers to login, refresh and loginAs"`
}

// Tokens are those that somebody has without a login.
type Tokens struct {
	Access  authhttp.Secret `json:"access" example:"\"${TOKEN}\"" jsonschema:"the access token, an API key or the like, alone: without Bearer"`
	Refresh authhttp.Secret `json:"refresh,omitempty" jsonschema:"the token that refresh takes; absent or empty: there is none. A backend that refreshes by the access token has that here too"`
}

// TokenHeader says how the access token goes on requests.
type TokenHeader struct {
	Header string `json:"header,omitempty" jsonschema:"default: Authorization"`
	Format string `json:"format,omitempty" jsonschema:"the header's value; default: Bearer {{token}}"`
}

// Call is one kind of HTTP request.
type Call struct {
	Method  string    `json:"method,omitempty" jsonschema:"default: POST, and GET for user"`
	URL     string    `json:"url" example:"https://example.com/login" jsonschema:"absolute, or relative to base; may hold placeholders"`
	Headers Headers   `json:"headers,omitempty" jsonschema:"more headers; their values may hold placeholders"`
	Body    *Template `json:"body,omitempty" jsonschema:"the JSON body, or a form if the header Content-Type says so; null: none; default: the credentials for login, {refresh_token: \"{{refresh}}\"} for refresh, {user_id: \"{{id}}\"} for loginAs, none for others and for GET"`
	Answer  *Answer   `json:"answer,omitempty" jsonschema:"where things are in this call's answer; what is absent is as in http.answer"`
}

// Answer says where things are in an answer, by JSON Pointers (RFC 6901). Of several
// the first that is there counts.
type Answer struct {
	Access   Pointers `json:"access,omitempty" jsonschema:"the access token; default: /access_token; none: the answer has no tokens"`
	Refresh  Pointers `json:"refresh,omitempty" jsonschema:"the refresh token; default: /refresh_token; none: there is none. A backend that refreshes by the access token names that"`
	Life     Life     `json:"life,omitempty" jsonschema:"how long the access token lives; default: /expires_in in seconds, else the exp claim of the token"`
	User     Pointers `json:"user,omitempty" jsonschema:"who has logged in; default: /user if it is there. Of the call user it is the whole answer, if nothing is there"`
	Rejected Match    `json:"rejected,omitempty" jsonschema:"which answers of status 2xx say no"`
}

// Life says how long an access token lives.
type Life struct {
	At    Pointers `json:"at,omitempty" jsonschema:"where it is in the answer"`
	Unit  string   `json:"unit,omitempty" enum:"seconds,milliseconds,unix,unixMilliseconds,date" jsonschema:"seconds (default), milliseconds, unix (the end, in seconds since 1970), unixMilliseconds, or date (RFC 3339)"`
	Fixed Duration `json:"fixed,omitempty" jsonschema:"what it is when the answer does not say, such as 15m"`
}

// Socket is one WebSocket.
type Socket struct {
	ID           string   `json:"id" example:"chat" jsonschema:"its name, unique in the file"`
	URL          string   `json:"url" example:"wss://example.com/ws" jsonschema:"ws:// or wss://, or relative to http.base; may hold placeholders"`
	Group        int      `json:"group,omitempty" jsonschema:"sockets of one group open together, those of the next one when these are ready; default: 1"`
	Public       bool     `json:"public,omitempty" jsonschema:"it needs no token"`
	Early        bool     `json:"early,omitempty" jsonschema:"it opens before the login"`
	Subprotocols []string `json:"subprotocols,omitempty" jsonschema:"offered in this order"`
	Headers      Headers  `json:"headers,omitempty" jsonschema:"of the upgrade request; their values may hold placeholders"`

	Auth      *Step  `json:"auth,omitempty" jsonschema:"the first message"`
	Renew     *Step  `json:"renew,omitempty" jsonschema:"the message that offers a newer token on an open connection"`
	Subscribe []Step `json:"subscribe,omitempty" jsonschema:"the messages after auth, all sent at once"`

	MessageID ID     `json:"messageID,omitempty" jsonschema:"where the id is that a request and its answer share; absent: they have none"`
	Answer    Match  `json:"answer,omitempty" jsonschema:"which messages without an id answer the oldest request"`
	Error     Match  `json:"error,omitempty" jsonschema:"which messages are errors"`
	Push      Match  `json:"push,omitempty" jsonschema:"which messages answer nothing, though they have an id"`
	Blame     string `json:"blame,omitempty" enum:"oldest,none" jsonschema:"oldest: an error without an id is that of the oldest request; none (default): it is nobody's"`
	NoAnswer  Match  `json:"noAnswer,omitempty" jsonschema:"which requests are not answered"`
	Code      Code   `json:"code,omitempty" jsonschema:"where the code of a message is, for rules and error texts"`

	Ping  *Ping  `json:"ping,omitempty" jsonschema:"the message that is sent after silence; absent: a WebSocket ping"`
	Pong  *Pong  `json:"pong,omitempty" jsonschema:"the answer to a ping that the server sends as a message, which is {{message}}"`
	Rules []Rule `json:"rules,omitempty" jsonschema:"what codes mean, before the rules that are built in; the first that fits counts"`

	Buffer    Buffer   `json:"buffer,omitempty" jsonschema:"how many requests wait for a socket that is not ready"`
	Timeouts  Timeouts `json:"timeouts,omitempty" jsonschema:"how long is waited for what"`
	ReadLimit int64    `json:"readLimit,omitempty" jsonschema:"the longest message in bytes, after decompression; default: 1048576"`
	Compress  bool     `json:"compress,omitempty" jsonschema:"offer compression (RFC 7692)"`
}

// Step is one message of the way to ready, and its answer.
type Step struct {
	Send      Template `json:"send" example:"{type: hello}" jsonschema:"the message; its texts may hold placeholders. An id that it has stays if there is no answer, or if answer says which that is"`
	Accept    Match    `json:"accept,omitempty" jsonschema:"which answers say yes; default: those that are no errors"`
	Answer    Match    `json:"answer,omitempty" jsonschema:"which messages without an id answer it; default: those that accept fits, or else those that answer requests, and for auth and renew errors too"`
	NoAnswer  bool     `json:"noAnswer,omitempty" jsonschema:"there is no answer"`
	NoID      bool     `json:"noID,omitempty" jsonschema:"the message is sent without an id, though requests have one"`
	Recovered Match    `json:"recovered,omitempty" jsonschema:"which answers say that nothing was missed since the connection before"`
}

// ID says where the id of a request and its answer is.
type ID struct {
	Request string `json:"request,omitempty" form:"pointer" example:"/id" jsonschema:"JSON Pointer into a request"`
	Answer  string `json:"answer,omitempty" form:"pointer" example:"/id" jsonschema:"JSON Pointer into an answer; default: as in the request"`
	As      string `json:"as,omitempty" enum:"number,string" jsonschema:"number (default) or string; either is understood in an answer"`
}

// Code says where the code of a message is.
type Code struct {
	Number Pointers `json:"number,omitempty" jsonschema:"a number"`
	Text   Pointers `json:"text,omitempty" jsonschema:"a text"`
}

// Ping is the message that is sent after silence.
type Ping struct {
	Send   Template `json:"send" example:"{type: hello}" jsonschema:"the message"`
	Answer Match    `json:"answer,omitempty" jsonschema:"which messages are its answer, and for nobody else"`
}

// Pong answers a ping that the server sends as a message.
type Pong struct {
	To   Match    `json:"to" example:"{/type: ping}" jsonschema:"which messages are pings"`
	Send Template `json:"send" example:"{type: hello}" jsonschema:"the answer"`
}

// Rule says what a code means. It has one of Close, Status and Message.
type Rule struct {
	Close   Range   `json:"close,omitempty" jsonschema:"the code of a close frame, such as 4401 or 3500-3999"`
	Status  Range   `json:"status,omitempty" jsonschema:"the HTTP status of an upgrade that is refused"`
	Message *Saying `json:"message,omitempty" jsonschema:"the code of a message: a number, a range of them, or a text"`
	Reason  string  `json:"reason,omitempty" jsonschema:"the text of the close frame too"`
	Means   string  `json:"means" enum:"network,expired,rejected,replaced,busy" example:"expired" jsonschema:"network, expired, rejected, replaced or busy"`
}

// Buffer bounds the requests that wait.
type Buffer struct {
	Count    int    `json:"count,omitempty" jsonschema:"requests at most; default: 64"`
	Bytes    int    `json:"bytes,omitempty" jsonschema:"bytes at most; default: 1048576"`
	Overflow string `json:"overflow,omitempty" enum:"dropOldest,dropNewest,refuse" jsonschema:"dropOldest (default), dropNewest or refuse"`
	None     bool   `json:"none,omitempty" jsonschema:"nothing waits"`
}

// Timeouts are the deadlines of a socket.
type Timeouts struct {
	Open      Duration `json:"open,omitempty" jsonschema:"dial and upgrade; default: 15s"`
	Auth      Duration `json:"auth,omitempty" jsonschema:"the answer to auth; default: 10s"`
	Subscribe Duration `json:"subscribe,omitempty" jsonschema:"the answers to subscribe; default: 10s"`
	Attempt   Duration `json:"attempt,omitempty" jsonschema:"from the dial to ready; default: 30s"`
	Request   Duration `json:"request,omitempty" jsonschema:"a request's answer; default: 30s"`
	PingAfter Duration `json:"pingAfter,omitempty" jsonschema:"silence before a ping; default: 25s"`
	Ping      Duration `json:"ping,omitempty" jsonschema:"anything after a ping; default: 10s"`
	Stable    Duration `json:"stable,omitempty" jsonschema:"ready for so long, attempts are counted anew; default: 10s"`
}

// Store is where tokens are kept.
type Store struct {
	Dir     string `json:"dir" example:"/home/me/.tokens" jsonschema:"the directory of the files"`
	Account string `json:"account,omitempty" jsonschema:"whose tokens; default: the empty name"`
}

// Retry says how attempts follow each other.
type Retry struct {
	Floor     Duration `json:"floor,omitempty" jsonschema:"least delay; default: 100ms"`
	Cap       Duration `json:"cap,omitempty" jsonschema:"greatest delay; default: 30s"`
	PerMinute int      `json:"perMinute,omitempty" jsonschema:"attempts of all sockets together; default: 600"`
}
