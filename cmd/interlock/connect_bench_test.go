package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/custom-app/interlock/connector"
	"github.com/custom-app/interlock/connector/configfile"
	"github.com/custom-app/interlock/connector/connectortest"
)

// flood is a server whose socket sends as many messages of 100 bytes as it is told to.
func flood(b *testing.B, counts <-chan int) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("/login", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"t","expires_in":3600}`)
	})
	mux.HandleFunc("/ws", func(w http.ResponseWriter, r *http.Request) {
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		go func() {
			for err := error(nil); err == nil; {
				_, _, err = conn.ReadMessage()
			}
		}()
		prepared, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(`{"push":{"text":"`+strings.Repeat("x", 80)+`"}}`))
		for n := range counts {
			for range n {
				err = errors.Join(err, conn.WritePreparedMessage(prepared))
			}
			if err != nil {
				return
			}
		}
	})
	server := httptest.NewServer(mux)
	b.Cleanup(server.Close)
	return server
}

// BenchmarkConnectStream is one message of 100 bytes from a socket to a pipe.
func BenchmarkConnectStream(b *testing.B) {
	counts := make(chan int)
	server := flood(b, counts)
	file := filepath.Join(b.TempDir(), "flood.yaml")
	text := fmt.Sprintf("http: {base: %q, login: {url: /login}}\nsockets: [{id: flood, url: /ws, public: true}]\n", server.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	out, stdout, err := os.Pipe()
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan int, 1)
	go func() {
		program := &commands{Connect: connectCommand{stdin: strings.NewReader("")}}
		ended <- program.run(ctx, []string{"connect", "-c", file}, stdout, io.Discard)
		_ = stdout.Close()
	}()
	lines := bufio.NewScanner(out)
	read := func(n int) {
		for range n {
			if !lines.Scan() {
				b.Fatal("standard output has ended early")
			}
		}
	}
	counts <- 1
	read(1)
	b.ReportAllocs()
	b.SetBytes(100)
	b.ResetTimer()
	began := time.Now()
	go func() { counts <- b.N }()
	peak := uint64(0)
	for left := b.N; left > 0; left -= min(left, 20_000) {
		read(min(left, 20_000))
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "messages/s")
	b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	cancel()
	close(counts)
	_, _ = io.Copy(io.Discard, out)
	if status := <-ended; status != done {
		b.Errorf("got status %d, want %d", status, done)
	}
}

// BenchmarkConnectReady is how long it takes to the first ready, by the program and by
// the library alone, one after the other.
func BenchmarkConnectReady(b *testing.B) {
	backend, err := connectortest.Start(connectortest.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = backend.Close() }()
	file := filepath.Join(b.TempDir(), "cafe.yaml")
	text := []byte(strings.ReplaceAll(cafe, "BASE", backend.URL()))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	parsed, err := configfile.Parse(file, text, configfile.Options{})
	if err != nil {
		b.Fatal(err)
	}
	var program, library []time.Duration
	for b.Loop() {
		ready := &readyAt{}
		began := time.Now()
		if status := new(commands).run(b.Context(), []string{"connect", "-c", file, "--until-ready"}, io.Discard, ready); status != done {
			b.Fatalf("got status %d, want %d", status, done)
		}
		program = append(program, ready.at.Sub(began))

		began = time.Now()
		config, err := parsed.Config()
		if err != nil {
			b.Fatal(err)
		}
		client, err := connector.New(config)
		if err != nil {
			b.Fatal(err)
		}
		session := client.NewSession()
		if err := session.Login(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		library = append(library, time.Since(began))
		if err := session.Logout(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(program).Seconds()*1e3, "program-ms")
	b.ReportMetric(median(library).Seconds()*1e3, "library-ms")
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// readyAt notes when standard error says that every socket is ready.
type readyAt struct{ at time.Time }

func (r *readyAt) Write(p []byte) (int, error) {
	if strings.Contains(string(p), "every socket is ready") {
		r.at = time.Now()
	}
	return len(p), nil
}
