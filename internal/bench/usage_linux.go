package bench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ownCPU returns the CPU time of this process.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// tick is the unit of /proc/<pid>/stat: Linux shows 100 a second on every
// architecture that Go runs on.
const tick = 10 * time.Millisecond

// usageOf reads what a process has used from /proc.
func usageOf(pid int) (usage, error) {
	dir := procDir(pid)
	var u usage
	p, err := statOf(pid)
	if err != nil {
		return u, err
	}
	u.CPU = p.cpu
	if u.Written, err = colonValue(dir+"io", "write_bytes"); err != nil {
		return u, err
	}
	if u.RSS, err = colonValue(dir+"status", "VmRSS"); err != nil {
		return u, err
	}
	u.Peak, err = colonValue(dir+"status", "VmHWM")
	u.RSS, u.Peak = u.RSS<<10, u.Peak<<10 // kB
	return u, err
}

func procDir(pid int) string { return "/proc/" + strconv.Itoa(pid) + "/" }

// stat is what /proc/<pid>/stat tells.
type stat struct {
	parent int
	cpu    time.Duration // of the process
	ended  time.Duration // of its children that have ended
}

func statOf(pid int) (stat, error) {
	text, err := os.ReadFile(procDir(pid) + "stat")
	if err != nil {
		return stat{}, err
	}
	// The name in parentheses may hold blanks. After it: the state, the
	// parent, and from the 12th field on utime, stime, cutime, cstime.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 15 {
		return stat{}, fmt.Errorf("%sstat has %d fields", procDir(pid), len(fields))
	}
	var numbers [5]int64
	for i, at := range []int{1, 11, 12, 13, 14} {
		if numbers[i], err = strconv.ParseInt(string(fields[at]), 10, 64); err != nil {
			return stat{}, err
		}
	}
	return stat{
		parent: int(numbers[0]), cpu: time.Duration(numbers[1]+numbers[2]) * tick, ended: time.Duration(numbers[3]+numbers[4]) * tick,
	}, nil
}

// usageOfServer sums up what a PostgreSQL server used, of which backend is one
// process: its first process, its children, and those that have ended. Nothing,
// if that process is not on this machine; no bytes, if we may not read them.
func usageOfServer(backend int) (usage, error) {
	own, err := statOf(backend)
	if name, _ := os.ReadFile(procDir(own.parent) + "comm"); err != nil || strings.TrimSpace(string(name)) != "postgres" {
		return usage{}, nil
	}
	first, err := statOf(own.parent)
	if err != nil {
		return usage{}, err
	}
	u := usage{CPU: first.cpu + first.ended}
	processes, err := os.ReadDir("/proc")
	if err != nil {
		return usage{}, err
	}
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		s, err := statOf(pid) // it may have ended by now
		if err != nil || s.parent != own.parent && pid != own.parent {
			continue
		}
		if pid != own.parent {
			u.CPU += s.cpu
		}
		written, _ := colonValue(procDir(pid)+"io", "write_bytes")
		u.Written += written // ended children are in that of the first
	}
	return u, nil
}

// colonValue reads the number after "name:" in a file of such lines.
func colonValue(path, name string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			return strconv.ParseInt(number, 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, name)
}

// dataSync brings a file's bytes to the disk.
func dataSync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// machine describes what the figures were taken on.
func machine() string {
	model := "unknown processor"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "model name"); ok {
				model = strings.TrimSpace(strings.TrimLeft(rest, "\t :"))
				break
			}
		}
	}
	return model
}
