package view

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"accord/state"
)

// RecordJSON writes a record of the state.
func RecordJSON(w io.Writer, r state.Record) error { return JSON(w, r) }

// RecordText writes a record of the state: what was applied, and where it is.
func RecordText(w io.Writer, r state.Record, s Style) error {
	o := newOutput(w, s)
	o.put(o.paint("# "+visible(r.Ref.String()), bold), "\n")
	if len(r.Accounts) > 0 {
		o.put("# in ", visible(strings.Join(r.Accounts, ", ")), "\n")
	}
	for _, a := range slices.Sorted(maps.Keys(r.IDs)) {
		o.put("# id in ", visible(a), ": ", visible(r.IDs[a]), "\n")
	}
	for _, a := range slices.Sorted(maps.Keys(r.Implied)) {
		for _, what := range slices.Sorted(maps.Keys(r.Implied[a])) {
			o.put("# needs in ", visible(a), ": ", visible(what), " (id ", visible(r.Implied[a][what]), ")\n")
		}
	}
	if r.PreventDestroy {
		o.put("# protected by lifecycle.preventDestroy\n")
	}
	o.put("# digest ", r.Digest, ", serial ", strconv.FormatUint(r.Serial, 10), "\n")
	doc, err := parseNode(r.Resource)
	if err != nil {
		return fmt.Errorf("the resource of %v is not JSON: %w", r.Ref, err)
	}
	for _, l := range doc.yaml() {
		o.put(l, "\n")
	}
	return o.Flush()
}

// HistoryJSON writes the runs, the newest first.
func HistoryJSON(w io.Writer, runs []state.Run) error {
	return JSON(w, struct {
		FormatVersion string      `json:"formatVersion"`
		Runs          []state.Run `json:"runs"`
	}{FormatVersion, orEmpty(runs)})
}

// HistoryText writes a line for each run, the newest first.
func HistoryText(w io.Writer, runs []state.Run, s Style) error {
	o := newOutput(w, s)
	if len(runs) == 0 {
		o.put("Nothing was applied yet.\n")
		return o.Flush()
	}
	t := o.table()
	put(t, "SERIAL\tSTARTED\tOPERATION\tBY\tCOMMIT\tOUTCOME\tADDED\tCHANGED\tDESTROYED\tFAILED\tPLAN\n")
	for _, r := range runs {
		put(t, strconv.FormatUint(r.Serial, 10), "\t", r.Started.UTC().Format(time.RFC3339), "\t", visible(r.Operation), "\t",
			visible(r.By+"@"+r.Host), "\t", visible(firstOf(firstRunes(r.Commit, 12), "-")), "\t", visible(r.Outcome), "\t",
			strconv.Itoa(r.Added), "\t", strconv.Itoa(r.Changed), "\t", strconv.Itoa(r.Destroyed), "\t", strconv.Itoa(r.Failed), "\t",
			visible(firstOf(firstRunes(r.Digest, 20), "-")), "\n")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return o.Flush()
}

func firstRunes(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n])
	}
	return s
}

// ProblemsJSON writes what is wrong with a state.
func ProblemsJSON(w io.Writer, problems []state.Problem) error {
	type problem struct {
		Address *string `json:"address"` // null: the state as a whole
		Message string  `json:"message"`
		Help    string  `json:"help"`
	}
	out := make([]problem, 0, len(problems))
	for _, p := range problems {
		one := problem{nil, p.Message, p.Help}
		if !p.Ref.IsZero() {
			address := p.Ref.String()
			one.Address = &address
		}
		out = append(out, one)
	}
	return JSON(w, struct {
		FormatVersion string    `json:"formatVersion"`
		Valid         bool      `json:"valid"`
		Problems      []problem `json:"problems"`
	}{FormatVersion, len(out) == 0, out})
}

// ProblemsText writes what is wrong with a state, and what to do.
func ProblemsText(w io.Writer, problems []state.Problem, s Style) error {
	o := newOutput(w, s)
	for _, p := range problems {
		o.put(o.paint("Problem:", bold, red), " ", visible(p.String()), "\n")
		if p.Help != "" {
			o.put("  ", visible(p.Help), "\n")
		}
		o.put("\n")
	}
	if len(problems) == 0 {
		o.put(o.paint("Success!", bold, green), " The state is whole and agrees with itself.\n")
	} else {
		o.put("The state has ", count(len(problems), "problem"), ".\n")
	}
	return o.Flush()
}
