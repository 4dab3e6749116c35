package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// requestFor is what a browser sends for the page: by hand, so that the client
// takes little of the processor that it shares with the database.
func requestFor(cookie string) []byte {
	return []byte("GET /dashboard HTTP/1.1\r\nHost: portal.test\r\nX-Forwarded-Proto: https\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml\r\nAccept-Language: en-US,en;q=0.9\r\nAccept-Encoding: identity\r\n" +
		"Cookie: " + cookie + "\r\n\r\n")
}

// load is what a server did under load.
type load struct {
	took      time.Duration
	latencies []time.Duration // one for each answer, the shortest first
	failed    int             // other answers than 200
}

func (l load) perSecond() float64 { return float64(len(l.latencies)) / l.took.Seconds() }

func (l load) percentile(p float64) time.Duration {
	if len(l.latencies) == 0 {
		return 0
	}
	return l.latencies[int(p*float64(len(l.latencies)-1))]
}

// loadFor asks for the page over so many connections at once, each waiting for
// its answer before it asks again, with one cookie after the other.
func loadFor(took time.Duration, addr string, cookies []string, connections int) (load, error) {
	requests := make([][]byte, len(cookies))
	for i, cookie := range cookies {
		requests[i] = requestFor(cookie)
	}
	var group sync.WaitGroup
	parts, errs := make([]load, connections), make([]error, connections)
	start := time.Now()
	end := start.Add(took)
	for i := range connections {
		group.Go(func() { parts[i], errs[i] = ask(addr, requests, i*len(requests)/connections, end) })
	}
	group.Wait()
	sum := load{took: time.Since(start)}
	for _, part := range parts {
		sum.latencies = append(sum.latencies, part.latencies...)
		sum.failed += part.failed
	}
	slices.Sort(sum.latencies)
	return sum, errors.Join(errs...)
}

func ask(addr string, requests [][]byte, next int, end time.Time) (load, error) {
	var l load
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return l, err
	}
	defer conn.Close()
	buf := make([]byte, 64<<10)
	for before := time.Now(); before.Before(end); next++ {
		if _, err := conn.Write(requests[next%len(requests)]); err != nil {
			return l, err
		}
		answer, err := readAnswer(conn, buf)
		if err != nil {
			return l, err
		}
		if !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
			l.failed++
		}
		now := time.Now()
		l.latencies = append(l.latencies, now.Sub(before))
		before = now
	}
	return l, nil
}

// readAnswer reads one answer into buf, as it comes.
func readAnswer(conn net.Conn, buf []byte) ([]byte, error) {
	n, length := 0, 0 // of the whole answer, once it is known
	for {
		got, err := conn.Read(buf[n:])
		if err != nil {
			return nil, err
		}
		n += got
		if head := bytes.Index(buf[:n], []byte("\r\n\r\n")); length == 0 && head >= 0 {
			length = -1 // in chunks
			if _, rest, ok := bytes.Cut(buf[:head], []byte("Content-Length: ")); ok {
				digits, _, _ := bytes.Cut(rest, []byte("\r"))
				body, err := strconv.Atoi(string(digits))
				if err != nil {
					return nil, fmt.Errorf("an answer of the length %q", digits)
				}
				length = head + 4 + body
			}
		}
		if length > 0 && n >= length || length < 0 && bytes.HasSuffix(buf[:n], []byte("\r\n0\r\n\r\n")) {
			return buf[:n], nil
		}
		if n == len(buf) {
			return nil, errors.New("an answer that is too long")
		}
	}
}
