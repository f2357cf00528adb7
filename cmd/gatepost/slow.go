package main

import (
	"io"
	"net/http"
	"time"
)

const (
	// answerTimeout bounds an answer of the media plane, the wait of a blocking
	// playlist request included (three target durations at most). What a viewer
	// has not read by then is of no use to him, and until then it is held in memory.
	answerTimeout = time.Minute

	// downloadStall bounds the wait for a reader of an object to take the next
	// downloadStep bytes.
	downloadStall = time.Minute
	downloadStep  = 1 << 20

	// connectionStall bounds the wait for an HTTP/2 connection to take anything.
	connectionStall = 30 * time.Second
)

// http2Config closes connections that take nothing: deadlines of HTTP/2 are those
// of streams, and are told to a peer that may not read.
func http2Config(stall time.Duration) *http.HTTP2Config {
	return &http.HTTP2Config{WriteByteTimeout: stall}
}

// bounded ends the connections of viewers that do not read their answers. A
// deadline of HTTP/1 stays with its connection, so that every request must set
// one.
func bounded(h http.Handler, timeout time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if m := mediaConnOf(r); m != nil {
			m.bound(timeout)
		} else {
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(timeout)) // not every writer can
		}
		h.ServeHTTP(w, r)
	})
}

// moving ends the connections of readers of objects that take nothing, however
// long a download lasts that goes on.
func moving(h http.Handler, stall time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := &movingWriter{ResponseWriter: w, controller: http.NewResponseController(w), stall: stall}
		m.renew()
		h.ServeHTTP(m, r)
		m.renew() // for what is still in the server's buffer
	})
}

// movingWriter sets the deadline anew before each step.
type movingWriter struct {
	http.ResponseWriter
	controller *http.ResponseController
	stall      time.Duration
}

func (m *movingWriter) renew() {
	_ = m.controller.SetWriteDeadline(time.Now().Add(m.stall)) // not every writer can
}

// Unwrap is for http.ResponseController.
func (m *movingWriter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// Write implements io.Writer.
func (m *movingWriter) Write(b []byte) (int, error) {
	m.renew()
	return m.ResponseWriter.Write(b)
}

// ReadFrom implements io.ReaderFrom: the server hands files to the kernel
// (sendfile), which it would not do through Write.
func (m *movingWriter) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{m}, r)
	}
	for limited.N > 0 {
		m.renew()
		step := &io.LimitedReader{R: limited.R, N: min(limited.N, downloadStep)}
		k, err := io.Copy(m.ResponseWriter, step)
		n += k
		limited.N -= k
		if err != nil || k == 0 {
			return n, err
		}
	}
	return n, nil
}
