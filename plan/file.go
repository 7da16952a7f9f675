package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"accord/schema"
)

// MaxFileBytes bounds a saved plan.
const MaxFileBytes = 1 << 30

// ErrNotAPlan says that a file is no saved plan, or a damaged one.
var ErrNotAPlan = errors.New("not a saved plan")

// Save writes the plan as the one document that apply takes and that show shows
// in any format. It holds no secret: a configuration has none.
func (p *Plan) Save(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(p)
}

// Read reads a saved plan. What was changed by hand, cut off or made by a
// version with another major format is refused with ErrNotAPlan: the plan is an
// approval, and its digest has to fit its changes.
func Read(r io.Reader) (*Plan, error) {
	limited := &io.LimitedReader{R: r, N: MaxFileBytes + 1}
	dec := json.NewDecoder(limited)
	var p Plan
	if err := dec.Decode(&p); err != nil {
		if limited.N <= 0 {
			return nil, fmt.Errorf("%w: it is larger than %d bytes", ErrNotAPlan, MaxFileBytes)
		}
		return nil, fmt.Errorf("%w: %w", ErrNotAPlan, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: there is something behind the plan", ErrNotAPlan)
	}
	major, _, _ := strings.Cut(p.FormatVersion, ".")
	want, _, _ := strings.Cut(FormatVersion, ".")
	switch {
	case p.FormatVersion == "":
		return nil, fmt.Errorf("%w: it has no format_version", ErrNotAPlan)
	case major != want:
		return nil, fmt.Errorf("%w that this version can read: it has format %s, and this version reads %s.x", ErrNotAPlan, p.FormatVersion, want)
	case p.Digest != p.digest():
		return nil, fmt.Errorf("%w: its digest does not fit its changes; make the plan again", ErrNotAPlan)
	}
	if err := p.wellFormed(); err != nil {
		return nil, err
	}
	p.Changes, p.Drift, p.Consequences, p.Diagnostics = orEmpty(p.Changes), orEmpty(p.Drift), orEmpty(p.Consequences), orEmpty(p.Diagnostics)
	return &p, nil
}

// wellFormed checks what apply relies on: that changes are of known actions and
// that those they need are there and come first.
func (p *Plan) wellFormed() error {
	at := make(map[schema.Ref]int, len(p.Changes))
	for i, c := range p.Changes {
		if _, twice := at[c.Ref]; twice {
			return fmt.Errorf("%w: it changes %v twice", ErrNotAPlan, c.Ref)
		}
		if !c.Ref.Kind.Managed() {
			return fmt.Errorf("%w: a %s is never applied", ErrNotAPlan, c.Ref.Kind)
		}
		switch c.Action {
		case Create, Update, Replace:
			if len(c.After) == 0 {
				return fmt.Errorf("%w: %v has no content", ErrNotAPlan, c.Ref)
			}
		case Delete, Forget:
		default:
			return fmt.Errorf("%w: %v has the action %q", ErrNotAPlan, c.Ref, c.Action)
		}
		for _, n := range c.Needs {
			if _, ok := at[n]; !ok {
				return fmt.Errorf("%w: %v needs %v, which does not come before it", ErrNotAPlan, c.Ref, n)
			}
		}
		for _, e := range c.Effects {
			switch e.Action {
			case CreateAsset, UpdateAsset, DeleteAsset, AdoptAsset, WriteFacts:
			default:
				return fmt.Errorf("%w: %v has the effect %q", ErrNotAPlan, c.Ref, e.Action)
			}
		}
		at[c.Ref] = i
	}
	return nil
}
