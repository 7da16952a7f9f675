package plan

import (
	"bytes"
	"encoding/json"
	"fmt"

	"accord/schema"
)

// changeJSON is Change as it is written: with terraform's names, so that
// `.resource_changes[].change.actions` and policies written for it work.
type changeJSON struct {
	Address  schema.Ref                   `json:"address"`
	Type     schema.Kind                  `json:"type"`
	Name     string                       `json:"name"`
	Previous *schema.Ref                  `json:"previous_address"`
	Change   changeBody                   `json:"change"`
	Fields   []Field                      `json:"fields"`
	Reason   Reason                       `json:"action_reason"`
	Range    *Range                       `json:"source_range"`
	Effects  []Effect                     `json:"effects"`
	Needs    []schema.Ref                 `json:"needs"`
	Accounts []string                     `json:"accounts,omitempty"`
	IDs      map[string]string            `json:"ids,omitempty"`
	Implied  map[string]map[string]string `json:"implied,omitempty"`
}

type changeBody struct {
	Actions      []Action        `json:"actions"`
	Before       json.RawMessage `json:"before"`
	After        json.RawMessage `json:"after"`
	AfterUnknown struct{}        `json:"after_unknown"`
	ReplacePaths []schema.Path   `json:"replace_paths"`
}

// MarshalJSON writes the change with terraform's names.
func (c Change) MarshalJSON() ([]byte, error) {
	out := changeJSON{
		Address: c.Ref, Type: c.Ref.Kind, Name: c.Ref.Name,
		Change: changeBody{Actions: []Action{c.Action}, Before: c.Before, After: c.After, ReplacePaths: orEmpty(c.ReplacePaths)},
		Fields: orEmpty(c.Fields), Reason: c.Reason, Effects: orEmpty(c.Effects), Needs: orEmpty(c.Needs),
		Accounts: c.Accounts, IDs: c.IDs, Implied: c.Implied,
	}
	if c.Action == Replace {
		out.Change.Actions = []Action{Delete, Create}
	}
	if !c.Previous.IsZero() {
		out.Previous = &c.Previous
	}
	if c.Range != (Range{}) {
		out.Range = &c.Range
	}
	return unescaped(out)
}

// unescaped is json.Marshal without the escapes for HTML, which make conditions
// unreadable.
func unescaped(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// UnmarshalJSON reads what MarshalJSON writes.
func (c *Change) UnmarshalJSON(data []byte) error {
	var in changeJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*c = Change{
		Ref: in.Address, Before: notNull(in.Change.Before), After: notNull(in.Change.After), Fields: in.Fields,
		ReplacePaths: in.Change.ReplacePaths, Reason: in.Reason, Effects: in.Effects, Needs: in.Needs,
		Accounts: in.Accounts, IDs: in.IDs, Implied: in.Implied,
	}
	switch a := in.Change.Actions; {
	case len(a) == 1:
		c.Action = a[0]
	case len(a) == 2 && a[0] == Delete && a[1] == Create:
		c.Action = Replace
	default:
		return fmt.Errorf("%v: actions %q are none that a plan has", in.Address, a)
	}
	if in.Previous != nil {
		c.Previous = *in.Previous
	}
	if in.Range != nil {
		c.Range = *in.Range
	}
	return nil
}

func notNull(raw json.RawMessage) json.RawMessage {
	if string(raw) == "null" {
		return nil
	}
	return raw
}

func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
