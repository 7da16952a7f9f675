package view

import (
	"fmt"
	"io"
	"strings"

	"github.com/sergi/go-diff/diffmatchpatch"
)

// FileDiff writes the difference between two texts of a file as a unified diff,
// which patch reads.
func FileDiff(w io.Writer, name string, before, after []byte, s Style) error {
	o := newOutput(w, s)
	o.put(s.paint("--- "+visible(name), bold), "\n", s.paint("+++ "+visible(name), bold), "\n")
	lines := fileLines(string(before), string(after))
	for _, h := range fileHunks(lines) {
		part := lines[h.from:h.to]
		o.put(s.paint(fmt.Sprintf("@@ -%s +%s @@", extent(part, h.before, '+'), extent(part, h.after, '-')), cyan), "\n")
		for _, l := range part {
			text, ended := strings.CutSuffix(l.text, "\n")
			switch l.mark {
			case '-':
				o.put(s.paint("-"+text, red))
			case '+':
				o.put(s.paint("+"+text, green))
			default:
				o.put(" ", text)
			}
			o.put("\n")
			if !ended {
				o.put("\\ No newline at end of file\n")
			}
		}
	}
	return o.Flush()
}

// fileLine is a line of a diff: its mark is ' ', '-' or '+'.
type fileLine struct {
	mark byte
	text string // with its end
}

// fileLines is the difference of two texts, line by line.
func fileLines(before, after string) []fileLine {
	d := diffmatchpatch.New()
	d.DiffTimeout = 0 // or the result would depend on the clock
	a, b, texts := d.DiffLinesToRunes(before, after)
	marks := map[diffmatchpatch.Operation]byte{
		diffmatchpatch.DiffEqual: ' ', diffmatchpatch.DiffDelete: '-', diffmatchpatch.DiffInsert: '+',
	}
	var out []fileLine
	for _, part := range d.DiffCharsToLines(d.DiffMainRunes(a, b, false), texts) {
		for text := range strings.Lines(part.Text) {
			out = append(out, fileLine{marks[part.Type], text})
		}
	}
	return out
}

// fileHunk is a part of a diff, and the lines before it in either text.
type fileHunk struct{ from, to, before, after int }

// fileHunks are the changes with the lines around them.
func fileHunks(lines []fileLine) []fileHunk {
	var out []fileHunk
	for i, l := range lines {
		if l.mark == ' ' {
			continue
		}
		from, to := max(0, i-contextLines), min(len(lines), i+1+contextLines)
		if n := len(out); n > 0 && from <= out[n-1].to {
			out[n-1].to = to
			continue
		}
		h := fileHunk{from: from, to: to}
		for _, l := range lines[:from] {
			if l.mark != '+' {
				h.before++
			}
			if l.mark != '-' {
				h.after++
			}
		}
		out = append(out, h)
	}
	return out
}

// extent is where a hunk is in one of the texts, which does not have the lines
// with a mark.
func extent(part []fileLine, before int, without byte) string {
	n := 0
	for _, l := range part {
		if l.mark != without {
			n++
		}
	}
	if n > 0 {
		before++
	}
	if n == 1 {
		return fmt.Sprint(before)
	}
	return fmt.Sprintf("%d,%d", before, n)
}
