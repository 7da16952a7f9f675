package view

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"accord/apply"
	"accord/plan"
)

// buffer is a stream that is written to while it is read.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b buffer
		p := NewProgress(&b, ProgressOptions{Total: 4, Now: time.Now})
		slow := &plan.Change{Action: plan.Update, Ref: ref("Connection/de-us")}
		quick := &plan.Change{Action: plan.Create, Ref: ref("Property/territory")}
		gone := &plan.Change{Action: plan.Delete, Ref: ref("List/old")}
		anew := &plan.Change{Action: plan.Replace, Ref: ref("Property/number")}
		p.Observe(apply.Event{Change: slow, Phase: apply.Started, Total: 4})
		p.Observe(apply.Event{Change: quick, Phase: apply.Started, Total: 4})
		time.Sleep(400 * time.Millisecond)
		p.Observe(apply.Event{Change: quick, Phase: apply.Finished, Elapsed: 400 * time.Millisecond, Done: 1, Total: 4})
		p.Observe(apply.Event{Change: gone, Phase: apply.Started, Done: 1, Total: 4})
		time.Sleep(2 * time.Second)
		p.Observe(apply.Event{Change: gone, Phase: apply.Failed, Err: errors.New("no \x1b right"), Elapsed: 2 * time.Second, Done: 2, Total: 4})
		p.Observe(apply.Event{Change: anew, Phase: apply.Started, Done: 2, Total: 4})
		time.Sleep(19 * time.Second)
		p.Observe(apply.Event{Change: anew, Phase: apply.Unknown, Err: errors.New("cut off"), Elapsed: 19 * time.Second, Done: 3, Total: 4})
		time.Sleep(50 * time.Second)
		p.Observe(apply.Event{Change: slow, Phase: apply.Finished, Elapsed: 71400 * time.Millisecond, Done: 4, Total: 4})
		p.Close()
		want := `Connection/de-us: Modifying...
Property/territory: Creating...
Property/territory: Creation complete after 0s
List/old: Destroying...
List/old: Destruction failed after 2s: no \x1b right
Property/number: Replacing...
Connection/de-us: Still modifying... [10s elapsed]
Property/number: Still replacing... [10s elapsed]
Connection/de-us: Still modifying... [20s elapsed]
Property/number: Replacement cut off after 19s, and whether it happened is not known
Connection/de-us: Still modifying... [30s elapsed]
Connection/de-us: Still modifying... [40s elapsed]
Connection/de-us: Still modifying... [50s elapsed]
Connection/de-us: Still modifying... [1m0s elapsed]
Connection/de-us: Still modifying... [1m10s elapsed]
Connection/de-us: Modifications complete after 1m11s
`
		if got := b.String(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// On a terminal the line at the bottom is gone in the end, and the lines above
// it are what they are elsewhere.
func TestProgressOnTerminal(t *testing.T) {
	run := func(s Style) string {
		var b buffer
		synctest.Test(t, func(t *testing.T) {
			p := NewProgress(&b, ProgressOptions{Style: s, Total: 30, Now: time.Now})
			for i := range 30 {
				c := &plan.Change{Action: plan.Create, Ref: ref(fmt.Sprintf("List/l%d", i))}
				p.Observe(apply.Event{Change: c, Phase: apply.Started, Done: i, Total: 30})
				time.Sleep(time.Duration(700*i+13) * time.Millisecond) // never when it is looked at
				phase := apply.Finished
				if i == 7 {
					phase = apply.Failed
				}
				p.Observe(apply.Event{Change: c, Phase: phase, Done: i + 1, Total: 30, Elapsed: time.Second})
			}
			p.Close()
		})
		return b.String()
	}
	plain, terminal := run(Style{}), run(Style{Width: 60})
	if strings.Contains(plain, "\r") || strings.Contains(plain, "#") {
		t.Errorf("elsewhere than on a terminal there is a line that is rewritten:\n%q", plain)
	}
	if got := screen(terminal); got != plain {
		t.Errorf("on the screen is left\n%s\nwant\n%s", got, plain)
	}
	for _, want := range []string{"[##########", " 15/30, 1 running", "1 failed"} {
		if !strings.Contains(terminal, want) {
			t.Errorf("there is never %q", want)
		}
	}
	for part := range strings.SplitSeq(terminal, "\r") {
		line, _, _ := strings.Cut(strings.TrimPrefix(part, "\x1b[K"), "\n")
		if i := strings.LastIndex(part, "\n"); i >= 0 {
			line = part[i+1:]
		}
		if width(line) >= 60 {
			t.Errorf("the line is %d columns wide: %q", width(line), line)
		}
	}
}

// screen is what a terminal shows of lines, the last of which is rewritten.
func screen(s string) string {
	var lines []string
	line := ""
	for s != "" {
		switch {
		case strings.HasPrefix(s, "\r\x1b[K"):
			line, s = "", s[4:]
		case s[0] == '\n':
			lines, line, s = append(lines, line), "", s[1:]
		default:
			line, s = line+s[:1], s[1:]
		}
	}
	return strings.Join(append(lines, line), "\n")
}

func TestBar(t *testing.T) {
	for _, tc := range []struct {
		done, total, running, failed, width int
		want                                string
	}{
		{5, 10, 2, 0, 42, "[############------------] 5/10, 2 running"},
		{10, 10, 0, 1, 40, "[###########] 10/10, 0 running, 1 failed"},
		{9999, 10000, 10, 0, 200, "[" + strings.Repeat("#", 39) + "-] 9999/10000, 10 running"},
		{0, 0, 0, 0, 40, "0/0, 0 running"},
		{5, 10, 2, 0, 10, "5/10, 2 r…"},
		{5, 10, 2, 0, 0, "…"},
	} {
		got := bar(tc.done, tc.total, tc.running, tc.failed, tc.width)
		if got != tc.want || width(got) > max(1, tc.width) {
			t.Errorf("%d of %d in %d columns: %q, want %q", tc.done, tc.total, tc.width, got, tc.want)
		}
	}
}

// Ten thousand changes are not slowed down by being shown.
func BenchmarkProgress(b *testing.B) {
	p := NewProgress(io.Discard, ProgressOptions{Style: Style{Width: 100}, Total: b.N, Now: time.Now})
	defer p.Close()
	c := &plan.Change{Action: plan.Create, Ref: ref("List/l")}
	for i := range b.N {
		p.Observe(apply.Event{Change: c, Phase: apply.Started, Done: i, Total: b.N})
		p.Observe(apply.Event{Change: c, Phase: apply.Finished, Done: i + 1, Total: b.N})
	}
}
