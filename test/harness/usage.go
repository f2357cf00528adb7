package harness

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// CPU is the processor time that the server has used.
func (s *Server) CPU() time.Duration {
	s.T.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.Cmd.Process.Pid))
	if err != nil {
		s.T.Fatal(err)
	}
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+2:]))
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// Memory is the server's resident set in KiB.
func (s *Server) Memory() int {
	s.T.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Cmd.Process.Pid))
	if err != nil {
		s.T.Fatal(err)
	}
	for _, l := range Lines(string(b)) {
		if rest, ok := strings.CutPrefix(l, "VmRSS:"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	return 0
}

// Metric reads the sum of a Prometheus metric of the media plane, over its
// labels, or one series of it, name{label="value"}. It fails when there is none.
func (s *Server) Metric(name string) (float64, error) {
	res, err := Client.Get(s.Scheme + "://" + s.Media + "/metrics")
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return 0, err
	}
	sum, found := 0.0, false
	for _, l := range Lines(string(b)) {
		at := strings.LastIndexByte(l, ' ')
		series := l[:max(at, 0)]
		if base, _, _ := strings.Cut(series, "{"); base != name && series != name {
			continue
		}
		v, err := strconv.ParseFloat(l[at+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", l, err)
		}
		sum, found = sum+v, true
	}
	if !found {
		return 0, fmt.Errorf("there is no metric %s", name)
	}
	return sum, nil
}

// Collect makes the server collect its garbage, so that what it holds can be
// told. It must have been started with --pprof.
func (s *Server) Collect() error {
	i := slices.Index(s.Args, "--pprof")
	if i < 0 {
		return errors.New("the server was started without --pprof")
	}
	res, err := Client.Get("http://" + s.Args[i+1] + "/debug/pprof/heap?gc=1")
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, res.Body)
	return errors.Join(err, res.Body.Close())
}
