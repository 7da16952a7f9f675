package load

import (
	"io/fs"
	"unicode/utf8"

	"accord/diag"
	"accord/schema"
)

// body reads the text of an email from the file that it names. False means that
// it could not, which is a finding.
func (r *Result) body(fsys fs.FS, res *schema.Resource) bool {
	e, ok := res.Spec.(*schema.Email)
	if !ok || e.Body.File == "" {
		return true
	}
	d := diag.Diagnostic{Rule: "schema", Address: address(res)}
	if !fs.ValidPath(e.Body.File) {
		d.Message, d.Help = "the file "+mask(e.Body.File)+" is outside the project", "Name it relative to the root of the project, with forward slashes."
	} else if text, err := readLimited(fsys, file{e.Body.File, true}, MaxBodyBytes); err != nil {
		d.Message, d.Help = mask(e.Body.File)+": "+why(err), "Files are relative to the root of the project."
	} else if !utf8.Valid(text) {
		d.Message, d.Help = mask(e.Body.File)+" is not UTF-8", "Save it as UTF-8."
	} else if tokenSpans(text) != nil {
		d.Rule, d.Message, d.Help = "secret-inline", "a secret is written in "+mask(e.Body.File), secretHelp
	} else {
		e.Body.Text = string(text)
		return true
	}
	d.Position = r.Position(res, "spec.body.file")
	r.Diagnostics.Add(d)
	return false
}
