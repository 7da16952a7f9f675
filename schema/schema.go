// Package schema holds the words of accord's language: the kinds, what a
// resource of each kind says, how resources refer to each other, and the
// configuration that a set of them makes. Every other package speaks in these
// words.
//
// It does not know YAML (package load), which configurations are allowed
// (package check), what was applied (package state) or how an account is
// reached (package crm). Nothing in it reads a file or a clock.
package schema

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// APIVersion is the envelope's version, the only one there is.
const APIVersion = "accord/v1"

// Kind is the kind of a resource, as written in YAML.
type Kind string

// The kinds. Project, Policy and WorkflowTest are configuration and not
// resources: they are never stored nor applied.
const (
	KindProject          Kind = "Project"
	KindAccount          Kind = "Account"
	KindUser             Kind = "User"
	KindSubscriptionType Kind = "SubscriptionType"
	KindProperty         Kind = "Property"
	KindPipeline         Kind = "Pipeline"
	KindList             Kind = "List"
	KindForm             Kind = "Form"
	KindEmail            Kind = "Email"
	KindOrganization     Kind = "Organization"
	KindConnection       Kind = "Connection"
	KindAssetCopy        Kind = "AssetCopy"
	KindPartner          Kind = "Partner"
	KindWorkflow         Kind = "Workflow"
	KindPolicy           Kind = "Policy"
	KindWorkflowTest     Kind = "WorkflowTest"
)

// Kinds lists every kind in the order in which resources are created; they are
// deleted in the reverse order. No kind refers to one that comes after it, so
// references cannot form a cycle.
var Kinds = []Kind{
	KindProject, KindAccount, KindUser, KindSubscriptionType, KindProperty, KindPipeline, KindList, KindForm,
	KindEmail, KindOrganization, KindConnection, KindAssetCopy, KindPartner, KindWorkflow, KindPolicy, KindWorkflowTest,
}

var kindRank = func() map[Kind]int {
	m := make(map[Kind]int, len(Kinds))
	for i, k := range Kinds {
		m[k] = i
	}
	return m
}()

// Known reports whether k is a kind of the language.
func (k Kind) Known() bool { _, ok := kindRank[k]; return ok }

// Rank is the place of k in Kinds, or -1.
func (k Kind) Rank() int {
	if r, ok := kindRank[k]; ok {
		return r
	}
	return -1
}

// Managed reports whether resources of the kind are applied and stored;
// Project, Policy and WorkflowTest are configuration alone.
func (k Kind) Managed() bool {
	return k.Known() && k != KindProject && k != KindPolicy && k != KindWorkflowTest
}

// InAccounts reports whether a resource of the kind is placed in accounts, so
// that applying it creates an object in each of them.
func (k Kind) InAccounts() bool {
	switch k {
	case KindSubscriptionType, KindProperty, KindPipeline, KindList, KindForm, KindEmail:
		return true
	}
	return false
}

// Ref is the address of a resource: Kind/name.
type Ref struct {
	Kind Kind
	Name string
}

// String returns the address as it is written: Kind/name.
func (r Ref) String() string { return string(r.Kind) + "/" + r.Name }

// IsZero reports whether r is no address.
func (r Ref) IsZero() bool { return r == Ref{} }

// Compare orders addresses by the order of Kinds, then by name.
func (r Ref) Compare(o Ref) int {
	if r.Kind == o.Kind {
		return cmp.Compare(r.Name, o.Name)
	}
	return cmp.Compare(r.Kind.Rank(), o.Kind.Rank())
}

// MarshalText writes the address.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads an address; see ParseRef.
func (r *Ref) UnmarshalText(text []byte) (err error) { *r, err = ParseRef(string(text)); return err }

// ParseRef reads an address such as Connection/de-us.
func ParseRef(s string) (Ref, error) {
	kind, name, ok := strings.Cut(s, "/")
	if !ok || name == "" {
		return Ref{}, fmt.Errorf("%q is not an address: write Kind/name, such as Connection/de-us", s)
	}
	if !Kind(kind).Known() {
		return Ref{}, fmt.Errorf("%q is not an address: there is no kind %q", s, kind)
	}
	return Ref{Kind(kind), name}, nil
}

// Path names a field of a resource from its root: spec.steps[0].wait. A key
// that is not a plain word stands in brackets: labels["a.b"].
type Path string

// Key is the path of the field or map entry name below p.
func (p Path) Key(name string) Path {
	if !plainKey(name) {
		return p + Path("["+strconv.Quote(name)+"]")
	}
	if p == "" {
		return Path(name)
	}
	return p + "." + Path(name)
}

// Index is the path of the i-th element below p, counted from zero.
func (p Path) Index(i int) Path { return p + Path("["+strconv.Itoa(i)+"]") }

// AtKey is the place of the key itself, where p is the path of an entry of a
// map: setProperties.territroy is wrong in its name and not in its value.
func (p Path) AtKey() Path { return p + "#" }

// IsKey reports whether p is the place of a key, and returns the entry's path.
func (p Path) IsKey() (Path, bool) {
	entry, ok := strings.CutSuffix(string(p), "#")
	return Path(entry), ok
}

func plainKey(s string) bool {
	for _, r := range s {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != ""
}

// Element is one step of a Path: a key, or an index where Key is "".
type Element struct {
	Key   string
	Index int
}

// Elements splits p. A malformed path ends where it stops being one; paths are
// made by Key and Index and never by hand.
func (p Path) Elements() []Element {
	var out []Element
	s := strings.TrimSuffix(string(p), "#")
	for s != "" {
		switch {
		case s[0] == '.':
			s = s[1:]
		case strings.HasPrefix(s, `["`):
			q, err := strconv.QuotedPrefix(s[1:])
			if err != nil {
				return out
			}
			key, _ := strconv.Unquote(q)
			out = append(out, Element{Key: key})
			s = strings.TrimPrefix(s[1+len(q):], "]")
		case s[0] == '[':
			digits, rest, _ := strings.Cut(s[1:], "]")
			i, err := strconv.Atoi(digits)
			if err != nil {
				return out
			}
			out = append(out, Element{Index: i})
			s = rest
		default:
			n := strings.IndexAny(s, ".[")
			if n < 0 {
				n = len(s)
			}
			out = append(out, Element{Key: s[:n]})
			s = s[n:]
		}
	}
	return out
}

// Reference is one place where a resource names another.
type Reference struct {
	From *Resource
	Path Path // of the name, in From
	To   Ref  // what is meant; it need not exist
}

// Origin says where a resource was read from. It is no part of the resource:
// two resources that differ in their origin alone are equal.
type Origin struct {
	File     string // relative to the project's root, forward slashes; "" for what was not read from a file
	Document int    // which document of the file, from zero
	Line     int    // of its first line, from one
	EndLine  int    // behind its last line
}

// Resource is one document of the configuration.
type Resource struct {
	Kind           Kind
	Name           string
	Labels         map[string]string
	Description    string
	RenamedFrom    string
	PreventDestroy bool
	Spec           Spec
	Origin         Origin

	digest string // see Seal
}

// Ref is the resource's address.
func (r *Resource) Ref() Ref { return Ref{r.Kind, r.Name} }

// Spec is what a resource of one kind says. Its dynamic type is a pointer to
// the struct named like the kind.
type Spec interface {
	// Kind is the kind whose spec this is.
	Kind() Kind
	// References calls yield for every name of another resource, in the order
	// in which they are written.
	References(yield func(Path, Ref))
	// Canonical returns the spec without what does not matter: defaults that
	// are written out are left out, sets are sorted. The receiver is not
	// changed; parts may be shared.
	Canonical() Spec
}

// NewSpec returns an empty spec of the kind, or nil for an unknown one.
func NewSpec(k Kind) Spec {
	switch k {
	case KindProject:
		return &Project{}
	case KindAccount:
		return &Account{}
	case KindUser:
		return &User{}
	case KindSubscriptionType:
		return &SubscriptionType{}
	case KindProperty:
		return &Property{}
	case KindPipeline:
		return &Pipeline{}
	case KindList:
		return &List{}
	case KindForm:
		return &Form{}
	case KindEmail:
		return &Email{}
	case KindOrganization:
		return &Organization{}
	case KindConnection:
		return &Connection{}
	case KindAssetCopy:
		return &AssetCopy{}
	case KindPartner:
		return &Partner{}
	case KindWorkflow:
		return &Workflow{}
	case KindPolicy:
		return &Policy{}
	case KindWorkflowTest:
		return &WorkflowTest{}
	}
	return nil
}

const spec Path = "spec"

func sorted(s []string) []string {
	if slices.IsSorted(s) {
		return s
	}
	return slices.Sorted(slices.Values(s))
}

// unless returns "" where v is the default, so that a default that is written
// out equals one that is not.
func unless[T comparable](v, def T) T {
	var zero T
	if v == def {
		return zero
	}
	return v
}

func names(kind Kind, path Path, list []string, yield func(Path, Ref)) {
	for i, name := range list {
		yield(path.Index(i), Ref{kind, name})
	}
}

func name(kind Kind, path Path, n string, yield func(Path, Ref)) {
	if n != "" {
		yield(path, Ref{kind, n})
	}
}
