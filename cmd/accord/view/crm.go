package view

import (
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"accord/crm"
	"accord/schema"
)

// CRMRecord is a record with the ids of what it is associated with, by object.
type CRMRecord struct {
	*crm.Record
	Associations map[string][]string
}

// plurals are the names of objects as associations are keyed by.
var plurals = map[string]string{
	schema.Contact: "contacts", schema.Company: "companies", schema.Deal: "deals", schema.Ticket: "tickets",
	schema.Note: "notes", schema.Call: "calls", schema.Meeting: "meetings", schema.EmailActivity: "emails", schema.Task: "tasks",
}

// plural is the plural of an object; a custom one has none of its own.
func plural(object string) string { return firstOf(plurals[object], object) }

// crmTime is a moment to the millisecond.
const crmTime = "2006-01-02T15:04:05.000Z"

// MarshalJSON writes the record as the commands print it.
func (r CRMRecord) MarshalJSON() ([]byte, error) {
	associations := make(map[string][]string, len(r.Associations))
	for object, ids := range r.Associations {
		if len(ids) > 0 {
			associations[plural(object)] = ids
		}
	}
	properties := r.Properties
	if properties == nil {
		properties = map[string]string{}
	}
	return marshal(struct {
		ID           string              `json:"id"`
		Object       string              `json:"object"`
		Properties   map[string]string   `json:"properties"`
		Associations map[string][]string `json:"associations"`
		CreatedAt    string              `json:"createdAt"`
		UpdatedAt    string              `json:"updatedAt"`
	}{r.ID, r.Object, properties, associations, r.CreatedAt.UTC().Format(crmTime), r.UpdatedAt.UTC().Format(crmTime)})
}

// CRMRecordJSON writes one record.
func CRMRecordJSON(w io.Writer, r CRMRecord) error { return JSON(w, r) }

// CRMRecordText writes one record, a line for each property.
func CRMRecordText(w io.Writer, r CRMRecord, s Style) error {
	o := newOutput(w, s)
	o.put(o.paint(visible(r.Object+" "+r.ID), bold), "\n")
	t := o.table()
	for _, p := range slices.Sorted(maps.Keys(r.Properties)) {
		put(t, "  ", visible(p), "\t", visible(r.Properties[p]), "\n")
	}
	for _, object := range slices.Sorted(maps.Keys(r.Associations)) {
		if ids := r.Associations[object]; len(ids) > 0 {
			put(t, "  ", visible(plural(object)), "\t", visible(strings.Join(ids, ", ")), "\n")
		}
	}
	put(t, "  created at\t", r.CreatedAt.UTC().Format(time.RFC3339), "\n  updated at\t", r.UpdatedAt.UTC().Format(time.RFC3339), "\n")
	if err := t.Flush(); err != nil {
		return err
	}
	return o.Flush()
}

// CRMList writes a list of records as they come, so that a long one takes no
// memory. Text is aligned within each batch that is added.
type CRMList struct {
	o     *output
	json  bool
	n     int
	last  string // the id of the last record
	more  bool
	table *tabwriter.Writer
}

// NewCRMList begins a list in the format text or json.
func NewCRMList(w io.Writer, format string, s Style) *CRMList {
	l := &CRMList{o: newOutput(w, s), json: format == "json"}
	if l.json {
		l.o.put(`{"results": [`)
	}
	l.table = l.o.table()
	return l
}

// Add writes more records.
func (l *CRMList) Add(records ...CRMRecord) error {
	for _, r := range records {
		l.last = r.ID
		if !l.json {
			cells := visible(r.ID) + "\t" + visible(title(r.Record)) + "\t" + visible(r.Properties[subtitle(r.Object)])
			put(l.table, strings.TrimRight(cells, "\t"), "\n")
			l.n++
			continue
		}
		if l.n > 0 {
			l.o.put(",")
		}
		l.n++
		text, err := marshal(r)
		if err != nil {
			return err
		}
		l.o.put("\n ", string(text))
	}
	if err := l.table.Flush(); err != nil {
		return err
	}
	return l.o.Flush()
}

// More notes that there are more records than the list has: next in its JSON is
// the id of the last one then, and otherwise null.
func (l *CRMList) More() { l.more = true }

// Close ends the list.
func (l *CRMList) Close() error {
	switch {
	case l.json:
		end := "]"
		if l.n > 0 {
			end = "\n]"
		}
		next := "null"
		if l.more {
			next = strconv.Quote(visible(l.last))
		}
		l.o.put(end, `, "next": `, next, "}\n")
	case l.n == 0:
		l.o.put("No records.\n")
	case l.more:
		l.o.put("There are more: --limit N shows N, --limit 0 all.\n")
	}
	return l.o.Flush()
}

// title is what a record is called by people.
func title(r *crm.Record) string {
	p := r.Properties
	switch r.Object {
	case schema.Contact:
		if p["email"] != "" {
			return p["email"]
		}
		return strings.TrimSpace(p["firstname"] + " " + p["lastname"])
	case schema.Company:
		return firstOf(p["name"], p["domain"])
	case schema.Deal:
		return p["dealname"]
	case schema.Ticket:
		return p["subject"]
	}
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if strings.HasSuffix(name, "_subject") || strings.HasSuffix(name, "_title") || strings.HasSuffix(name, "_body") {
			return p[name]
		}
	}
	return ""
}

// subtitle is the property that is shown beside.
func subtitle(object string) string {
	switch object {
	case schema.Contact:
		return "lifecyclestage"
	case schema.Company:
		return "domain"
	case schema.Deal:
		return "dealstage"
	}
	return "hs_timestamp"
}

// LoadReportJSON writes what a load has done.
func LoadReportJSON(w io.Writer, r crm.LoadReport) error {
	type refused struct {
		Line  int    `json:"line"`
		Error string `json:"error"`
	}
	out := make([]refused, 0, len(r.Refused))
	for _, e := range r.Refused {
		out = append(out, refused{e.Line, e.Err.Error()})
	}
	return JSON(w, struct {
		FormatVersion string    `json:"formatVersion"`
		Rows          int       `json:"rows"`
		Resumed       int       `json:"resumed"`
		Created       int       `json:"created"`
		Updated       int       `json:"updated"`
		Same          int       `json:"unchanged"`
		Refused       []refused `json:"refused"`
	}{FormatVersion, r.Rows, r.Resumed, r.Created, r.Updated, r.Same, out})
}

// LoadReportText writes what a load has done, and the rows that it refused.
func LoadReportText(w io.Writer, r crm.LoadReport, s Style) error {
	o := newOutput(w, s)
	for _, e := range r.Refused {
		o.put(o.paint("Refused:", bold, red), " ", visible(e.Error()), "\n")
	}
	o.put(count(r.Rows, "row"), ": ", strconv.Itoa(r.Created), " created, ", strconv.Itoa(r.Updated), " updated, ",
		strconv.Itoa(r.Same), " unchanged, ", strconv.Itoa(len(r.Refused)), " refused")
	if r.Resumed > 0 {
		o.put(", ", strconv.Itoa(r.Resumed), " done in an earlier run")
	}
	o.put(".\n")
	return o.Flush()
}
