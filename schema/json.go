package schema

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"
)

// document is the envelope as it is written. Its spec is a Spec on the way out
// and JSON on the way in.
type document[S any] struct {
	APIVersion string     `json:"apiVersion"`
	Kind       Kind       `json:"kind"`
	Metadata   metadata   `json:"metadata"`
	Lifecycle  *lifecycle `json:"lifecycle,omitempty"`
	Spec       S          `json:"spec"`
}

type metadata struct {
	Name        string            `json:"name"`
	Labels      map[string]string `json:"labels,omitempty"`
	Description string            `json:"description,omitempty"`
	RenamedFrom string            `json:"renamedFrom,omitempty"`
}

type lifecycle struct {
	PreventDestroy bool `json:"preventDestroy,omitempty"`
}

// Canonical returns the one JSON form of what the resource says: keys in a
// fixed order, defaults and origin left out, sets sorted. Two resources say the
// same exactly where these bytes are equal. RenamedFrom is left out too: it
// says how the resource got its name, not what it is.
func (r *Resource) Canonical() []byte {
	doc := document[Spec]{APIVersion, r.Kind, metadata{r.Name, r.Labels, r.Description, ""}, nil, r.Spec.Canonical()}
	if r.PreventDestroy {
		doc.Lifecycle = &lifecycle{true}
	}
	out, err := marshal(doc)
	if err != nil {
		// Specs are trees of strings, numbers, booleans, lists and maps:
		// they have no value that JSON cannot say.
		panic(fmt.Sprintf("schema: %v cannot be written as JSON: %v", r.Ref(), err))
	}
	return out
}

// Digest is the SHA-256 of the canonical form, in hexadecimal.
func Digest(canonical []byte) string {
	sum := sha256.Sum256(canonical)
	return hex.EncodeToString(sum[:])
}

// Digest is the digest of the resource's canonical form.
func (r *Resource) Digest() string {
	if r.digest != "" {
		return r.digest
	}
	return Digest(r.Canonical())
}

// Seal computes the digest once and for all. It is for who makes a resource,
// before anybody else has it: a sealed resource must not change any more.
func (r *Resource) Seal() { r.digest = Digest(r.Canonical()) }

// Parse reads a resource from the JSON form of its document. It is the way back
// from Canonical, and the way in for package load, which has checked the
// document against the JSON Schema of its kind before; what Parse is given
// unchecked ends in an error and never in a panic.
func Parse(data []byte) (*Resource, error) {
	var doc document[json.RawMessage]
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	s, err := ParseSpec(doc.Kind, doc.Spec)
	if err != nil {
		return nil, fmt.Errorf("%s/%s: %w", doc.Kind, doc.Metadata.Name, err)
	}
	return &Resource{
		Kind: doc.Kind, Name: doc.Metadata.Name, Labels: doc.Metadata.Labels, Description: doc.Metadata.Description,
		RenamedFrom: doc.Metadata.RenamedFrom, PreventDestroy: doc.Lifecycle != nil && doc.Lifecycle.PreventDestroy, Spec: s,
	}, nil
}

// ParseSpec reads the spec of a kind from its JSON; none, or null, is an empty
// one.
func ParseSpec(kind Kind, data []byte) (Spec, error) {
	s := NewSpec(kind)
	if s == nil {
		return nil, fmt.Errorf("there is no kind %q", kind)
	}
	if len(data) == 0 || bytes.Equal(data, []byte("null")) {
		return s, nil
	}
	return s, json.Unmarshal(data, s)
}

// marshal is json.Marshal without the escapes for HTML, which make conditions
// unreadable.
func marshal(v any) ([]byte, error) {
	e := encoders.Get().(*encoder)
	defer encoders.Put(e)
	e.buffer.Reset()
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.Clone(bytes.TrimRight(e.buffer.Bytes(), "\n")), nil
}

// encoder is a JSON encoder with what it writes to. They are kept: each resource
// of a project is written once to know its digest.
type encoder struct {
	*json.Encoder
	buffer *bytes.Buffer
}

var encoders = sync.Pool{New: func() any {
	b := new(bytes.Buffer)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	return &encoder{e, b}
}}

// either decodes data into the first value that takes it: the types of the
// language that are written either short or long.
func either(data []byte, short, long any) (isShort bool, err error) {
	if json.Unmarshal(data, short) == nil {
		return true, nil
	}
	return false, json.Unmarshal(data, long)
}
