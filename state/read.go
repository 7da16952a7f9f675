package state

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"accord/kv"
	"accord/schema"
)

// Meta implements Reader.
func (s *KV) Meta(ctx context.Context) (m Meta, err error) {
	err = s.view(ctx, func(t kv.Reader) error {
		h, err := s.head(t)
		m = h.Meta
		return err
	})
	return m, err
}

// Snapshot implements Reader.
func (s *KV) Snapshot(ctx context.Context) (*Snapshot, error) {
	snap := &Snapshot{Records: map[schema.Ref]Record{}}
	err := s.view(ctx, func(t kv.Reader) error {
		h, err := s.head(t)
		if err != nil {
			return err
		}
		snap.Meta = h.Meta
		for r, err := range s.records(t, h, allRecords) {
			if err != nil {
				return err
			}
			snap.Records[r.Ref] = r
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return snap, nil
}

// errStopped says that who ranges over records has enough.
var errStopped = errors.New("stopped")

// Records implements Reader.
func (s *KV) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		err := s.db.View(ctx, func(t kv.Reader) error {
			h, err := s.head(t)
			if err != nil {
				return err
			}
			for _, span := range recordsByRef {
				for r, err := range s.records(t, h, span) {
					if err != nil && r.Ref.IsZero() {
						return err
					}
					if !yield(r, err) {
						return errStopped
					}
				}
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStopped) {
			yield(Record{}, wrap("read the state", err))
		}
	}
}

// recordSpan is a range of addresses in the order of bytes, in which records are
// stored; to "" is past the last.
type recordSpan struct{ from, to string }

var allRecords recordSpan

// recordsByRef are the spans that hold all records and, one after another, are
// in the order of schema.Ref.Compare: the kinds in theirs, and then what lies
// between the kinds, which is nothing unless the state is damaged.
var recordsByRef = func() (spans []recordSpan) {
	var kinds []recordSpan
	for _, k := range schema.Kinds {
		if k.Managed() {
			kinds = append(kinds, recordSpan{string(k) + "/", string(k) + string(rune('/'+1))})
		}
	}
	spans = slices.Clone(kinds)
	slices.SortFunc(kinds, func(a, b recordSpan) int { return cmp.Compare(a.from, b.from) })
	end := ""
	for _, k := range kinds {
		spans = append(spans, recordSpan{end, k.from})
		end = k.to
	}
	return append(spans, recordSpan{end, ""})
}()

// records yields the records of a span. A damaged one comes as its address and
// an ErrCorrupt; where reading fails, the last pair has no address.
func (s *KV) records(t kv.Reader, h head, in recordSpan) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		base := string(s.rows(h.Generation)) + recordRow
		span := kv.Prefix([]byte(base))
		span.From = []byte(base + in.from)
		if in.to != "" {
			span.To = []byte(base + in.to)
		}
		var kind schema.Kind // of the row before, so that records share its string
		for row, err := range rowsIn(t, span, len(base)) {
			if err != nil && row.Key == nil {
				yield(Record{}, err)
				return
			}
			k, name, _ := bytes.Cut(row.Key, []byte("/"))
			if string(kind) != string(k) {
				kind = schema.Kind(k)
			}
			ref := schema.Ref{Kind: kind, Name: string(name)}
			var r Record
			if err == nil {
				r, err = decodeRecord(ref, row.Value)
			}
			if err == nil && !kind.Managed() {
				err = errKind
			}
			if err != nil {
				r, err = Record{Ref: ref}, fmt.Errorf("%w: %v: %w", ErrCorrupt, ref, err)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Record implements Reader.
func (s *KV) Record(ctx context.Context, ref schema.Ref) (r Record, err error) {
	err = s.view(ctx, func(t kv.Reader) error {
		h, err := s.head(t)
		if err != nil {
			return err
		}
		value, err := getRow(t, append(s.rows(h.Generation), recordRow+ref.String()...))
		if err == nil {
			r, err = decodeRecord(ref, value)
		}
		switch {
		case errors.Is(err, kv.ErrNotFound):
			return fmt.Errorf("%v is %w", ref, ErrNotFound)
		case damage(err):
			return fmt.Errorf("%w: %v: %w", ErrCorrupt, ref, err)
		}
		return err
	})
	return r, err
}

func damage(err error) bool {
	return errors.Is(err, errParts) || errors.Is(err, errForm) || errors.Is(err, errChecksum) || errors.Is(err, errDigest)
}

// Intents implements Reader.
func (s *KV) Intents(ctx context.Context) ([]Intent, error) {
	var out []Intent
	err := s.view(ctx, func(t kv.Reader) error {
		h, err := s.head(t)
		if err != nil {
			return err
		}
		base := append(s.rows(h.Generation), intentRow...)
		for row, err := range rowsIn(t, kv.Prefix(base), len(base)) {
			var i Intent
			if err != nil && row.Key == nil {
				return err
			}
			if err == nil {
				err = json.Unmarshal(row.Value, &i)
			}
			if err != nil {
				return fmt.Errorf("%w: intent %s: %w", ErrCorrupt, row.Key, err)
			}
			out = append(out, i)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(out, Intent.Compare)
	return out, nil
}

// History implements Reader.
func (s *KV) History(ctx context.Context, n int) ([]Run, error) {
	var out []Run
	err := s.view(ctx, func(t kv.Reader) error {
		if _, err := s.head(t); err != nil {
			return err
		}
		for e, err := range t.Range(kv.Prefix(s.key(runRow)).Backward()) {
			if err != nil {
				return err
			}
			if n > 0 && len(out) == n {
				return nil
			}
			var r Run
			if err := json.Unmarshal(e.Value, &r); err != nil {
				return fmt.Errorf("%w: run %s: %w", ErrCorrupt, e.Key[len(s.prefix)+len(runRow):], err)
			}
			out = append(out, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}
