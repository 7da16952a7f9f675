package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"

	"accord/diag"
	"accord/schema"
)

// Files lists the YAML files of the project in a folder, sorted: accord.yaml and
// those that it names, tests included. Pipes, sockets and devices are not among
// them, for whoever opens one may wait forever; Dir reports them.
func Files(fsys fs.FS) ([]string, error) {
	var project *parsed
	if _, err := fs.Stat(fsys, ProjectFile); !errors.Is(err, fs.ErrNotExist) {
		project = read(fsys, file{ProjectFile, true})
	}
	files, _, err := choose(fsys, project)
	if err != nil {
		return nil, err
	}
	if project != nil {
		files = append(files, file{ProjectFile, true})
	}
	var names []string
	for _, f := range files {
		if path.Ext(f.name) == ".json" {
			continue
		}
		if f.odd {
			if info, err := fs.Stat(fsys, f.name); err == nil && special(info.Mode()) != "" {
				continue
			}
		}
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names, nil
}

// file is a file of the project. Odd is one that its folder does not list as a
// regular file: it may be a link to one, or something that is not to be opened.
type file struct {
	name string
	odd  bool
}

// find lists the YAML files below the root, those in hidden folders only where
// they are asked for. They are sorted; links to folders are not followed.
func find(fsys fs.FS, hidden bool) ([]file, error) {
	var all []file
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == ".":
			return err
		case d != nil && d.IsDir():
			if d.Name() == ".git" || !hidden && dotted(name) && name != "." {
				return fs.SkipDir
			}
			if err != nil {
				all = append(all, file{name, true}) // reading it says why not
			}
			return nil
		case slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)):
			all = append(all, file{name, d == nil || !d.Type().IsRegular()})
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the project's folder: %w", err)
	}
	return all, nil
}

// patterns returns what a project says of its files, and the resource that says
// it.
func patterns(project *parsed) ([]string, *schema.Resource) {
	if project != nil {
		for _, d := range project.documents {
			if p, ok := d.resource.Spec.(*schema.Project); ok {
				return p.Resources, d.resource
			}
		}
	}
	return nil, nil
}

// choose returns the files that belong to the configuration, without the
// project's own.
func choose(fsys fs.FS, project *parsed) ([]file, diag.List, error) {
	patterns, at := patterns(project)
	all, err := find(fsys, slices.ContainsFunc(patterns, dotted))
	if err != nil {
		return nil, nil, err
	}
	if len(patterns) == 0 {
		return slices.DeleteFunc(all, func(f file) bool {
			return f.name == ProjectFile || dotted(f.name) || path.Ext(f.name) == ".json"
		}), nil, nil
	}
	var out []file
	var findings diag.List
	for i, pattern := range patterns {
		finding := func(severity diag.Severity, message, help string) {
			t, ok := project.tree(at.Origin)
			if !ok {
				return
			}
			d := diag.Diagnostic{Rule: "schema", Severity: severity, Message: message, Help: help, Address: address(at)}
			d.Position = t.locate(schema.Path("spec").Key("resources").Index(i))
			findings.Add(d)
		}
		clean := path.Clean(pattern)
		switch {
		case !doublestar.ValidatePattern(pattern):
			finding(diag.Error, fmt.Sprintf("%q is not a pattern of files", pattern), "Write one such as accounts/**/*.yaml.")
			continue
		case path.IsAbs(pattern), clean == "..", strings.HasPrefix(clean, "../"), strings.Contains(pattern, `\`):
			finding(diag.Error, fmt.Sprintf("%q leads out of the project", pattern), "Patterns are relative to the folder of accord.yaml, with forward slashes.")
			continue
		}
		before := len(out)
		for _, f := range all {
			if ok, _ := doublestar.Match(clean, f.name); ok && f.name != ProjectFile && (!dotted(f.name) || dotted(clean)) {
				out = append(out, f)
			}
		}
		if ok, _ := doublestar.Match(clean, ProjectFile); len(out) == before && !ok {
			finding(diag.Warning, fmt.Sprintf("no file matches %q", pattern), "")
		}
	}
	slices.SortFunc(out, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return slices.Compact(out), findings, nil
}

// dotted reports whether a file is hidden, or in a hidden folder.
func dotted(name string) bool {
	return strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "./") || strings.Contains(name, "/.")
}

// readFile reads a file that is not larger than it may be.
func readFile(fsys fs.FS, f file) ([]byte, diag.Diagnostic, bool) {
	text, err := readLimited(fsys, f, MaxFileBytes)
	if err == nil {
		return text, diag.Diagnostic{}, true
	}
	return nil, diag.Diagnostic{Rule: "yaml-syntax", Message: why(err), Position: diag.Position{File: f.name}}, false
}

var errTooLarge = errors.New("is larger")

// special names what is neither a regular file nor a folder, and is "" for
// these.
func special(mode fs.FileMode) string {
	switch {
	case mode.IsRegular(), mode.IsDir():
		return ""
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "something else"
}

// readLimited reads a regular file of at most limit bytes.
func readLimited(fsys fs.FS, of file, limit int64) ([]byte, error) {
	if of.odd {
		// First of all, for to open a pipe is to wait for someone who writes to it.
		info, err := fs.Stat(fsys, of.name)
		if err != nil {
			return nil, err
		}
		if what := special(info.Mode()); what != "" {
			return nil, errors.New("is not a regular file, but " + what)
		}
	}
	f, err := fsys.Open(of.name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat() // of what was opened, should it be another by now
	switch {
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, errors.New("is not a regular file, but a folder")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file")
	case info.Size() > limit:
		return nil, fmt.Errorf("%w than %d MiB", errTooLarge, limit>>20)
	}
	text := make([]byte, 0, info.Size()+1)
	for int64(len(text)) <= limit {
		n, err := f.Read(text[len(text):cap(text)])
		text = text[:len(text)+n]
		if errors.Is(err, io.EOF) {
			return text, nil
		}
		if err != nil {
			return nil, err
		}
		if len(text) == cap(text) {
			text = append(text, 0)[:len(text)]
		}
	}
	return nil, fmt.Errorf("%w than %d MiB", errTooLarge, limit>>20)
}

// why says what is wrong with a file, without the name that the finding has.
func why(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		err = pe.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file does not exist, or is a link to nothing"
	case errors.Is(err, fs.ErrPermission):
		return "the file cannot be read: permission denied"
	}
	return "the file " + strings.TrimPrefix(err.Error(), "the file ")
}
