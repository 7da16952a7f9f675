package crm

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"accord/schema"
)

// plurals are the names under which a row has the keys of records to associate.
var plurals = map[string]string{
	"contacts": schema.Contact, "companies": schema.Company, "deals": schema.Deal, "tickets": schema.Ticket,
	"notes": schema.Note, "calls": schema.Call, "meetings": schema.Meeting, "emails": schema.EmailActivity, "tasks": schema.Task,
}

// maxRowBytes bounds a row of a file.
const maxRowBytes = 1 << 20

type csvRows struct {
	r      *csv.Reader
	limit  *rowLimit
	header []string
}

func newCSVRows(file io.Reader) (*csvRows, error) {
	in := bufio.NewReader(file)
	if mark, err := in.Peek(3); err == nil && bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		_, _ = in.Discard(3) // they were just seen
	}
	comma, err := separator(in)
	if err != nil {
		return nil, err
	}
	limit := &rowLimit{in, maxRowBytes}
	r := csv.NewReader(limit)
	r.Comma = comma
	header, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty: its first line has the names of the columns")
	}
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i, name := range header {
		name = strings.TrimSpace(name)
		if name == "" || seen[name] {
			return nil, fmt.Errorf("column %d has no name, or that of another column", i+1)
		}
		header[i], seen[name] = name, true
	}
	r.ReuseRecord = true
	return &csvRows{r, limit, header}, nil
}

// separators may stand between cells: Excel writes semicolons where the comma is
// that of decimals.
const separators = ",;\t"

// separator finds what stands between the cells of the header: the most frequent
// one outside of quotes, and a comma where there is one column.
func separator(in *bufio.Reader) (rune, error) {
	head, err := in.Peek(in.Size())
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	quoted, most, found := false, 0, ','
	var n [len(separators)]int
	for _, c := range head {
		if c == '"' {
			quoted = !quoted
		}
		if quoted {
			continue
		}
		if c == '\n' {
			break
		}
		if i := strings.IndexByte(separators, c); i >= 0 {
			n[i]++
		}
	}
	for i, c := range separators {
		if n[i] > most {
			most, found = n[i], c
		}
	}
	return found, nil
}

func (c *csvRows) next() (row, error) {
	c.limit.left = maxRowBytes
	cells, err := c.r.Read()
	if len(cells) == 0 && err != nil {
		return row{}, err
	}
	line, _ := c.r.FieldPos(0)
	out := row{line: line, properties: map[string]string{}}
	if errors.Is(err, csv.ErrFieldCount) {
		out.err = fmt.Errorf("it has %d cells, and the header has %d", len(cells), len(c.header))
		return out, nil
	}
	if err != nil {
		return row{}, err
	}
	for i, cell := range cells {
		name := c.header[i]
		switch object := plurals[name]; {
		case strings.TrimSpace(cell) == "":
		case name == "object":
			out.object = strings.TrimSpace(cell)
		case object != "":
			for key := range strings.SplitSeq(cell, ";") {
				out.link(object, key)
			}
		default:
			out.properties[name] = cell
		}
	}
	return out, nil
}

// rowLimit ends a file in which a quote is never closed, before it is in memory.
type rowLimit struct {
	r    io.Reader
	left int // bytes that may be read before the row must have ended
}

func (l *rowLimit) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errLongRow
	}
	n, err := l.r.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

var errLongRow = fmt.Errorf("a row is longer than %d bytes", maxRowBytes)

type jsonRows struct {
	lines *bufio.Scanner
	line  int
}

func newJSONRows(file io.Reader) *jsonRows {
	s := bufio.NewScanner(file)
	s.Buffer(make([]byte, 0, 64<<10), maxRowBytes)
	return &jsonRows{lines: s}
}

func (j *jsonRows) next() (row, error) {
	for j.lines.Scan() {
		j.line++
		text := bytes.TrimSpace(j.lines.Bytes())
		if len(text) == 0 {
			continue
		}
		out := row{line: j.line, properties: map[string]string{}}
		out.err = out.parse(text)
		return out, nil
	}
	if err := j.lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return row{}, fmt.Errorf("line %d: %w", j.line+1, errLongRow)
	} else if err != nil {
		return row{}, err
	}
	return row{}, io.EOF
}

// parse reads a line of JSON.
func (r *row) parse(text []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil || fields == nil {
		return errors.New("it is not a JSON object")
	}
	long, isLong := fields["properties"]
	for name, raw := range fields {
		switch object := plurals[name]; {
		case name == "object":
			if json.Unmarshal(raw, &r.object) != nil {
				return errors.New("object is not a text")
			}
		case name == "properties":
		case name == "associations":
			if err := r.parseAssociations(raw); err != nil {
				return err
			}
		case object != "":
			if err := r.parseKeys(name, object, raw); err != nil {
				return err
			}
		case isLong: // what else the long form has belongs to the account it came from
		default:
			if err := r.parseValue(name, raw); err != nil {
				return err
			}
		}
	}
	if !isLong {
		return nil
	}
	var properties map[string]json.RawMessage
	if json.Unmarshal(long, &properties) != nil {
		return errors.New("properties is not an object")
	}
	for name, raw := range properties {
		if err := r.parseValue(name, raw); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) parseValue(name string, raw json.RawMessage) error {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		return errors.New("it is not a JSON object")
	}
	switch v := v.(type) {
	case nil:
		r.properties[name] = ""
	case string:
		r.properties[name] = v
	case json.Number:
		r.properties[name] = v.String()
	case bool:
		r.properties[name] = fmt.Sprint(v)
	default:
		return &InvalidError{Property: name, Reason: "is a list or an object, and no value"}
	}
	return nil
}

func (r *row) parseAssociations(raw json.RawMessage) error {
	var of map[string]json.RawMessage
	if json.Unmarshal(raw, &of) != nil {
		return errors.New("associations is not an object")
	}
	for name, keys := range of {
		object := plurals[name]
		if object == "" {
			return errors.New(`associations are "contacts", "companies", "deals" … with lists of keys`)
		}
		if err := r.parseKeys(name, object, keys); err != nil {
			return err
		}
	}
	return nil
}

func (r *row) parseKeys(name, object string, raw json.RawMessage) error {
	var keys []string
	if json.Unmarshal(raw, &keys) != nil {
		return fmt.Errorf("%s is not a list of texts", name)
	}
	for _, k := range keys {
		r.link(object, k)
	}
	return nil
}

func (r *row) link(object, key string) {
	if key = strings.TrimSpace(key); key == "" {
		return
	}
	if r.links == nil {
		r.links = map[string][]string{}
	}
	r.links[object] = append(r.links[object], key)
}
