package scenario

import (
	"errors"
	"net"
	"net/http"
	"sync"
)

// Site is an HTTP server on a port of loopback, that comes back on the same port. It
// counts the connections that were upgraded, and ends those too. Its methods may be
// called from any goroutine.
type Site struct {
	tally *Tally

	mu     sync.Mutex
	addr   string // empty: never started
	server *http.Server
	conns  map[*siteConn]struct{}
	served chan struct{} // closed when the server's goroutine has ended
}

// NewSite returns a site that does not listen yet and counts its sockets in tally.
func NewSite(tally *Tally) *Site {
	return &Site{tally: tally, conns: make(map[*siteConn]struct{})}
}

// Start serves h, on the port of before if there was one.
func (s *Site) Start(h http.Handler) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := s.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: h, ConnState: func(conn net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			conn.(*siteConn).upgraded()
		}
	}}
	served := make(chan struct{})
	s.addr, s.server, s.served = listener.Addr().String(), server, served
	go func() {
		defer close(served)
		_ = server.Serve(siteListener{listener, s})
	}()
	return nil
}

// Address returns host:port of a site that was started.
func (s *Site) Address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// Stop ends the listener and, without another word, every connection.
func (s *Site) Stop() error {
	s.mu.Lock()
	server, served := s.server, s.served
	s.server = nil
	s.mu.Unlock()
	if server == nil {
		return nil
	}
	err := server.Close()
	<-served
	return errors.Join(err, s.Cut())
}

// Cut ends every connection without another word, and goes on listening.
func (s *Site) Cut() error {
	s.mu.Lock()
	var conns []*siteConn
	for conn := range s.conns {
		conns = append(conns, conn)
	}
	s.mu.Unlock()
	for _, conn := range conns {
		_ = conn.Close() // its peer may have been faster
	}
	return nil
}

// siteListener keeps account of what it accepts.
type siteListener struct {
	net.Listener
	site *Site
}

func (l siteListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	kept := &siteConn{Conn: conn, site: l.site}
	l.site.mu.Lock()
	l.site.conns[kept] = struct{}{}
	l.site.mu.Unlock()
	return kept, nil
}

// siteConn is a connection of a site.
type siteConn struct {
	net.Conn
	site   *Site
	mu     sync.Mutex
	socket bool // counted as an open one
}

// upgraded counts a connection that is a socket from now on.
func (c *siteConn) upgraded() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.socket = true
	c.site.tally.Count(func(n *Counts) { n.Opened++; n.Open++ })
}

// Close ends the connection, and counts it once.
func (c *siteConn) Close() error {
	c.site.mu.Lock()
	delete(c.site.conns, c)
	c.site.mu.Unlock()
	err := c.Conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.socket {
		c.socket = false
		c.site.tally.Count(func(n *Counts) { n.Open-- })
	}
	return err
}
