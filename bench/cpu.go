package main

import (
	"bufio"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// meter reads how much of the processors was used, from Linux's /proc. Elsewhere
// everything is zero.
type meter struct{ postmaster int }

func newMeter(url string) meter {
	pool, err := sql.Open("pgx", url)
	if err != nil {
		return meter{}
	}
	defer pool.Close()
	var m meter
	pool.QueryRow("SELECT split_part(pg_read_file('postmaster.pid'), chr(10), 1)").Scan(&m.postmaster)
	return m
}

// reading is what was used so far.
type reading struct {
	at                  time.Time
	server, client, all time.Duration
	database            map[int]time.Duration // by process: some end meanwhile
}

func (m meter) read(server int) reading {
	r := reading{at: time.Now(), database: map[int]time.Duration{}}
	r.server, _ = used(server)
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) == nil {
		r.client = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range processes {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if took, parent := used(pid); parent == m.postmaster || pid == m.postmaster {
			r.database[pid] = took
		}
	}
	if file, err := os.Open("/proc/stat"); err == nil {
		defer file.Close()
		line, _ := bufio.NewReader(file).ReadString('\n')
		for i, field := range strings.Fields(line)[1:9] {
			if i != 3 && i != 4 { // idle, and waiting for a disk
				r.all += ticks(field)
			}
		}
	}
	return r
}

// used returns how long a process has run, and its parent.
func used(pid int) (took time.Duration, parent int) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, 0
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])) // a name may have spaces
	parent, _ = strconv.Atoi(fields[1])
	return ticks(fields[11]) + ticks(fields[12]), parent
}

// ticks are hundredths of a second on every Linux that Go runs on.
func ticks(field string) time.Duration {
	n, _ := strconv.Atoi(field)
	return time.Duration(n) * 10 * time.Millisecond
}

// cpu is what was used during one run.
type cpu struct {
	server, database time.Duration // for each request
	others           float64       // processors that other programs kept busy
}

func (c cpu) String() string {
	return fmt.Sprintf("%s + %s, others %.2f", c.server.Round(time.Microsecond), c.database.Round(time.Microsecond), c.others)
}

func (r reading) since(before reading, l load) cpu {
	var database time.Duration
	for pid, took := range r.database {
		database += took - before.database[pid]
	}
	server, n := r.server-before.server, time.Duration(max(1, len(l.latencies)))
	others := r.all - before.all - server - database - (r.client - before.client)
	return cpu{server / n, database / n, max(0, others.Seconds()/r.at.Sub(before.at).Seconds())}
}

// processor says what the machine has.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(text), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	if name := strings.Trim(line, "\t: "); name != "" {
		return name
	}
	return "an unknown processor"
}
