package errcode

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"
)

// Report is a failure as a developer wants to know it. Its printed form has
// the URL without userinfo, query and fragment, where secrets are. The text of
// Err is that of whoever made it: the errors that this module makes quote no
// secret, those of net/http quote whole URLs.
type Report struct {
	Time time.Time // when it failed
	Code Code
	Peer bool   // the peer decided; false: we did
	Op   string // what was tried, such as "GET /users"
	URL  string // where; may be empty
	Err  error
}

// String says the report in one line.
func (r Report) String() string {
	by := "we"
	if r.Peer {
		by = "peer"
	}
	return fmt.Sprintf("%s %s (%s) %q %s: %v", r.Time.Format(time.RFC3339), r.Code, by, r.Op, bare(r.URL), r.Err)
}

// GoString returns what String returns, so that %#v shows no more.
func (r Report) GoString() string { return r.String() }

// Reporter hands failures to a hook. A nil Reporter and the zero Reporter are
// off. Its fields are not changed once it is in use; it may then be used by
// many goroutines at once.
type Reporter struct {
	// Report takes a report. It runs in the goroutine that failed, which waits
	// for it, so it bounds its own time; and on many goroutines at once. A
	// panic of it is recovered and forgotten. Requests that it makes with its
	// ctx carry no token, so a failure to get a token can be reported too;
	// failures of these requests must not be reported with the same Reporter.
	Report func(ctx context.Context, r Report)

	// Ignore are the codes that are not reported.
	Ignore []Code
}

// Tell hands r to the hook, unless its code is ignored. It takes userinfo,
// query and fragment off the URL, and a URL that cannot be parsed away. An
// empty Code is found with [Of], and Peer then with [SaidByPeer]; without an
// error either there is nothing to tell. A zero Time is now.
//
// A caller hands over a ctx whose requests get no token, as WithoutToken of
// package authhttp makes it, and which has not ended with what failed, see
// [context.WithoutCancel].
func (r *Reporter) Tell(ctx context.Context, report Report) {
	if r == nil || r.Report == nil {
		return
	}
	if report.Code == "" {
		report.Code, report.Peer = Of(report.Err), SaidByPeer(report.Err)
	}
	if report.Code == "" || slices.Contains(r.Ignore, report.Code) {
		return
	}
	if report.Time.IsZero() {
		report.Time = time.Now()
	}
	report.URL = bare(report.URL)
	// A failure to report must not become a failure of the program.
	defer func() { _ = recover() }()
	r.Report(ctx, report)
}

// bare keeps of a URL what holds no secret.
func bare(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String()
}
