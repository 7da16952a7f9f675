package load

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"accord/schema"
)

// The form of each kind is a JSON Schema in schemas/. What several kinds share
// stands in common.json; a schema that is handed out has it built in. Besides
// the keywords of the standard they use two that editors know, errorMessage and
// patternErrorMessage, which this package shows too.
//
//go:embed schemas/*.json
var schemaFiles embed.FS

// member is a member of a JSON object, whose order is kept: editors offer
// fields in the order of the schema.
type member struct {
	name  string
	value json.RawMessage
}

// Schema returns the JSON Schema (2020-12) of one kind, or, for "", one of all
// kinds that says by `kind` which holds. It is nil for a kind that there is not.
func Schema(kind schema.Kind) []byte {
	if kind == "" {
		return everySchema()
	}
	if !kind.Known() {
		return nil
	}
	own, defs := kindSchema(kind)
	return object(append(own, member{"$defs", object(withCommon(object(append(slices.Clone(own), defs...)), defs))}))
}

// kindSchema reads the schema of a kind without its definitions, and these.
func kindSchema(kind schema.Kind) (own, defs []member) {
	for _, m := range members(schemaFile(string(kind))) {
		if m.name == "$defs" {
			defs = members(m.value)
		} else {
			own = append(own, m)
		}
	}
	return own, defs
}

func schemaFile(name string) []byte {
	data, err := schemaFiles.ReadFile("schemas/" + name + ".json")
	if err != nil {
		panic(err) // it is embedded
	}
	return bytes.ReplaceAll(data, []byte(`"common.json#`), []byte(`"#`))
}

var commonDefs = sync.OnceValue(func() []member {
	for _, m := range members(schemaFile("common")) {
		if m.name == "$defs" {
			return members(m.value)
		}
	}
	return nil
})

var definition = regexp.MustCompile(`"#/\$defs/([A-Za-z]+)"`)

// withCommon adds the common definitions that a schema names, and those that
// these name.
func withCommon(text []byte, defs []member) []member {
	have := map[string]bool{}
	for _, d := range defs {
		have[d.name] = true
	}
	pending := [][]byte{text}
	for len(pending) > 0 {
		next := pending[0]
		pending = pending[1:]
		for _, ref := range definition.FindAllSubmatch(next, -1) {
			name := string(ref[1])
			if have[name] {
				continue
			}
			for _, d := range commonDefs() {
				if d.name == name {
					have[name] = true
					defs = append(defs, d)
					pending = append(pending, d.value)
				}
			}
		}
	}
	return defs
}

func everySchema() []byte {
	var defs, kinds, alternatives []member
	var names []string
	for _, k := range schema.Kinds {
		own, of := kindSchema(k)
		own = slices.DeleteFunc(own, func(m member) bool { return m.name == "$schema" })
		kinds = append(kinds, member{string(k), object(own)})
		defs = append(defs, of...)
		names = append(names, string(k))
	}
	for _, k := range names {
		alternatives = append(alternatives, member{value: fmt.Appendf(nil,
			`{"if":{"properties":{"kind":{"const":%q}},"required":["kind"]},"then":{"$ref":"#/$defs/%s"}}`, k, k)})
	}
	envelope := members(envelopeSchema())
	all := object(append(slices.Clone(kinds), defs...))
	return object(append(envelope[:len(envelope)-1],
		member{"allOf", array(alternatives)},
		member{"$defs", object(append(kinds, withCommon(append(all, envelopeSchema()...), defs)...))},
	))
}

// envelopeSchema is what holds for a document whose kind is not known. Its last
// member is $defs.
func envelopeSchema() []byte {
	names, err := json.Marshal(schema.Kinds)
	if err != nil {
		panic(err) // they are strings
	}
	envelope := fmt.Appendf(nil, `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title": "accord",
		"description": "A document of accord's language.",
		"type": "object",
		"properties": {
			"apiVersion": {"description": "The version of the language.", "type": "string", "enum": [%q]},
			"kind": {"description": "What the document is.", "type": "string", "enum": %s},
			"metadata": {"$ref": "#/$defs/metadata"}
		},
		"required": ["apiVersion", "kind", "metadata"]}`, schema.APIVersion, names)
	return object(append(members(envelope), member{"$defs", object(withCommon(envelope, nil))}))
}

// members reads a JSON object of this package.
func members(data []byte) []member {
	dec := json.NewDecoder(bytes.NewReader(data))
	var out []member
	if _, err := dec.Token(); err != nil {
		panic(err)
	}
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			panic(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			panic(err)
		}
		out = append(out, member{name.(string), value})
	}
	return out
}

func object(ms []member) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range ms {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", m.name, m.value)
	}
	b.WriteByte('}')
	return indented(b.Bytes())
}

func array(ms []member) []byte {
	values := make([]string, len(ms))
	for i, m := range ms {
		values[i] = string(m.value)
	}
	return []byte("[" + strings.Join(values, ",") + "]")
}

func indented(data []byte) []byte {
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		panic(err)
	}
	return b.Bytes()
}
