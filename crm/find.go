package crm

import (
	"context"
	"fmt"
	"strings"

	"accord/schema"
)

// AmbiguousError says that a key means several records.
type AmbiguousError struct {
	Object string
	IDs    []string // of some of them
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("several records of %s have this name (ids %s): use the id", e.Object, strings.Join(e.IDs, ", "))
}

// Find returns the record that a person means by key: its id, the e-mail address
// of a contact, the domain of a company, or the name of a deal, which must be
// that of one deal alone (*AmbiguousError). An id goes before a name that looks
// like one. None is ErrNotFound; the error does not repeat the key, which may
// be personal.
func Find(ctx context.Context, r RecordReader, object, key string, properties ...string) (*Record, error) {
	if isID(key) {
		found, err := r.ReadRecords(ctx, object, "", []string{key}, properties...)
		if err != nil {
			return nil, err
		}
		if found[0] != nil {
			return found[0], nil
		}
	}
	if by := KeyProperty(object); by != "" {
		found, err := r.ReadRecords(ctx, object, by, []string{key}, properties...)
		if err != nil {
			return nil, err
		}
		if found[0] == nil {
			return nil, fmt.Errorf("%s with this %s: %w", object, by, ErrNotFound)
		}
		return found[0], nil
	}
	if object == schema.Deal && key != "" {
		return findDeal(ctx, r, key, properties)
	}
	return nil, fmt.Errorf("%s with this id: %w", object, ErrNotFound)
}

// KeyProperty is the property by which records of an object are known from one
// account to another, or "".
func KeyProperty(object string) string {
	switch object {
	case schema.Contact:
		return PropertyEmail
	case schema.Company:
		return PropertyDomain
	}
	return ""
}

func findDeal(ctx context.Context, r RecordReader, name string, properties []string) (*Record, error) {
	var found *Record
	q := Query{Object: schema.Deal, Where: &Equal{PropertyDealName, name}, Properties: properties}
	for deal, err := range All(ctx, r, q) {
		if err != nil {
			return nil, err
		}
		if found != nil {
			return nil, &AmbiguousError{schema.Deal, []string{found.ID, deal.ID}}
		}
		found = &deal
	}
	if found == nil {
		return nil, fmt.Errorf("%s with this name: %w", schema.Deal, ErrNotFound)
	}
	return found, nil
}

// isID reports whether s may be the id of a record.
func isID(s string) bool {
	return s != "" && len(s) <= 20 && strings.Trim(s, "0123456789") == ""
}
