package state

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"accord/schema"
)

// FormatVersion is that of the JSON of a pulled state.
const FormatVersion = "1.0"

// MaxPulledBytes bounds the JSON that Decode reads: ten times the state of the
// largest agency that accord is made for.
const MaxPulledBytes = 2 << 30

// Encode writes s as JSON, sorted by address, a record a line so that two states
// can be compared line by line:
//
//	{
//	 "formatVersion": "1.0",
//	 "lineage": "…",
//	 "serial": 12,
//	 "records": [
//	  {"address":"Account/acme-de","resource":{…},"digest":"…","serial":3},
//	  …
//	 ]
//	}
func Encode(w io.Writer, s *Snapshot) error {
	b := bufio.NewWriter(w)
	lineage, err := json.Marshal(s.Lineage)
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "{\n \"formatVersion\": %q,\n \"lineage\": %s,\n \"serial\": %d,\n \"records\": [", FormatVersion, lineage, s.Serial)
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // which would change resources
	separator := "\n  "
	for _, ref := range slices.SortedFunc(maps.Keys(s.Records), schema.Ref.Compare) {
		line.Reset()
		if err := enc.Encode(s.Records[ref]); err != nil {
			return fmt.Errorf("%v: %w", ref, err)
		}
		b.WriteString(separator)
		b.Write(bytes.TrimRight(line.Bytes(), "\n"))
		separator = ",\n  "
	}
	b.WriteString("\n ]\n}\n")
	return b.Flush() // the first error of all writes
}

// Decode reads what Encode wrote. It checks the digest of every record; where
// one is left out, as in a record that was mended by hand, it is computed, the
// resource being brought into its canonical form. Errors say at which record,
// and what to do.
func Decode(r io.Reader) (*Snapshot, error) {
	limited := &io.LimitedReader{R: r, N: MaxPulledBytes + 1}
	s, err := decode(json.NewDecoder(limited))
	if limited.N == 0 {
		return nil, fmt.Errorf("a pulled state has at most %d bytes, and this has more", MaxPulledBytes)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the pulled state is cut off: it ends in the middle")
	}
	if err != nil {
		return nil, fmt.Errorf("the pulled state cannot be read: %w", err)
	}
	return s, nil
}

func decode(d *json.Decoder) (*Snapshot, error) {
	d.DisallowUnknownFields()
	s := &Snapshot{Records: map[schema.Ref]Record{}}
	seen := map[string]bool{}
	if err := expect(d, json.Delim('{')); err != nil {
		return nil, err
	}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := token.(string) // a key is always a string
		if seen[name] {
			return nil, fmt.Errorf("%q stands twice", name)
		}
		seen[name] = true
		switch name {
		case "formatVersion":
			var v string
			if err := d.Decode(&v); err != nil {
				return nil, err
			}
			if v != FormatVersion {
				return nil, fmt.Errorf("it has the format %q, and this accord knows %q: use the accord that wrote it, or a newer one", v, FormatVersion)
			}
		case "lineage":
			err = d.Decode(&s.Lineage)
		case "serial":
			err = d.Decode(&s.Serial)
		case "records":
			err = decodeRecords(d, s.Records)
		default:
			return nil, fmt.Errorf("there is no field %q", name)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := expect(d, json.Delim('}')); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows its end")
	}
	for _, name := range []string{"formatVersion", "lineage", "serial", "records"} {
		if !seen[name] {
			return nil, fmt.Errorf("it has no field %q", name)
		}
	}
	for ref, r := range s.Records {
		if r.Serial > s.Serial {
			return nil, fmt.Errorf("%v was written at serial %d, and the state has %d", ref, r.Serial, s.Serial)
		}
	}
	return s, nil
}

func decodeRecords(d *json.Decoder, into map[schema.Ref]Record) error {
	if err := expect(d, json.Delim('[')); err != nil {
		return err
	}
	for i := 1; d.More(); i++ {
		var r Record
		if err := d.Decode(&r); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
		if r.Ref.IsZero() {
			return fmt.Errorf("record %d has no address", i)
		}
		if err := mend(&r); err != nil {
			return fmt.Errorf("record %d: %v: %w", i, r.Ref, err)
		}
		if err := r.check(); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
		if _, ok := into[r.Ref]; ok {
			return fmt.Errorf("record %d: %v stands twice", i, r.Ref)
		}
		into[r.Ref] = r
	}
	return expect(d, json.Delim(']'))
}

// mend brings the resource into the form that its digest is of. It left accord
// in that form, but a person or a program may have written it anew.
func mend(r *Record) error {
	if r.Digest != "" {
		var compact bytes.Buffer
		if err := json.Compact(&compact, r.Resource); err == nil && schema.Digest(compact.Bytes()) == r.Digest {
			r.Resource = compact.Bytes()
			return nil
		}
	}
	if len(r.Resource) == 0 {
		return errors.New("it has no resource")
	}
	res, err := schema.Parse(r.Resource)
	if err != nil {
		return err
	}
	if res.Ref() != r.Ref {
		return fmt.Errorf("it holds the resource %v", res.Ref())
	}
	r.Resource = res.Canonical()
	digest := schema.Digest(r.Resource)
	if r.Digest != "" && r.Digest != digest {
		return fmt.Errorf("%w: its digest does not fit; where the resource was changed on purpose, remove the field digest, and it is computed", ErrCorrupt)
	}
	r.Digest = digest
	return nil
}

func expect(d *json.Decoder, want json.Delim) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	if token != want {
		return fmt.Errorf("at byte %d there is %v where %v should be", d.InputOffset(), token, want)
	}
	return nil
}
