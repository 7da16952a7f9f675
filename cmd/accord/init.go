package main

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"accord/schema"
	"accord/schema/load"
)

// The files that init writes.
//
//go:embed templates
var templateFiles embed.FS

// editorSchema is the JSON Schema that the first line of each file names, so
// that editors need no network.
const editorSchema = "accord.schema.json"

const gitIgnore = ".gitignore"

// templates are the folders of templateFiles that make each project.
var templates = map[string][]string{
	"":                {"project", "organization", "default"},
	"form-forwarding": {"project", "organization", "form-forwarding"},
	"cross-sell":      {"project", "organization", "cross-sell"},
	"assign-owner":    {"project", "shop", "assign-owner"},
	"rotation":        {"project", "shop", "rotation"},
}

// pipelines are where each kind of pipeline has its file.
var pipelines = map[string]string{"github": ".github/workflows/accord.yml", "gitlab": ".gitlab-ci.yml"}

func initCommand(e *env) *cobra.Command {
	var template, ci string
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Write a project to start from",
		Long: `Writes a project to start from: resources that plan and apply at once, on embedded
accounts, with a JSON Schema for editors. A template adds a use case with its
test; in a project that is there --ci adds the pipeline alone. Files that are
there are never written over.`,
		Args: cobra.MaximumNArgs(1),
	}
	optionFlag(cmd, &template, "template", "a use case, by its `NAME`", "form-forwarding", "cross-sell", "assign-owner", "rotation")
	optionFlag(cmd, &ci, "ci", "the pipeline file for a `SYSTEM`", "github", "gitlab")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir := "."
		if len(args) == 1 {
			dir = args[0]
		}
		files, err := projectFiles(e.path(dir), template, ci)
		if err != nil {
			return err
		}
		written, err := writeNew(e.path(dir), files)
		if err != nil {
			return err
		}
		return e.showNext(dir, written)
	}
	return cmd
}

// newFile is a file to write.
type newFile struct {
	name string // with forward slashes
	text []byte
}

// projectFiles are the files of a new project, sorted.
func projectFiles(dir, template, ci string) ([]newFile, error) {
	name, err := projectName(dir)
	if err != nil {
		return nil, err
	}
	var files []newFile
	folders := templates[template]
	if exists(filepath.Join(dir, load.ProjectFile)) && ci != "" && template == "" {
		folders = nil // the project is there, and gets its pipeline
	} else {
		files = append(files, newFile{editorSchema, append(load.Schema(""), '\n')})
	}
	for _, folder := range folders {
		root := path.Join("templates", folder)
		err := fs.WalkDir(templateFiles, root, func(p string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			text, err := templateFiles.ReadFile(p)
			if err != nil {
				return err
			}
			file := strings.TrimPrefix(p, root+"/")
			switch file {
			case "gitignore": // what begins with a dot is not embedded
				file = gitIgnore
			case load.ProjectFile:
				text = bytes.Replace(text, []byte("my-project"), []byte(name), 1)
			}
			files = append(files, newFile{file, text})
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if ci != "" {
		text, err := templateFiles.ReadFile("templates/ci/" + ci + ".yml")
		if err != nil {
			return nil, err
		}
		files = append(files, newFile{pipelines[ci], text})
	}
	slices.SortFunc(files, func(a, b newFile) int { return strings.Compare(a.name, b.name) })
	return files, nil
}

// projectName makes the name of a folder one of a project: a DNS label.
func projectName(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	name := strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, filepath.Base(abs)), "-")
	if len(name) > maxName {
		name = strings.TrimRight(name[:maxName], "-")
	}
	return firstSet(name, "my-project"), nil
}

// maxName is the length of a DNS label.
const maxName = 63

// writeNew writes all files, or none where one of them is there. It returns
// their names.
func writeNew(dir string, files []newFile) (written []string, err error) {
	if path := filepath.Join(dir, load.ProjectFile); exists(path) && len(files) > 1 {
		return nil, fmt.Errorf("%s exists: this is a project already, and nothing was written", path)
	}
	var missing []newFile
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		switch {
		case !exists(path):
			missing = append(missing, f)
		case f.name != gitIgnore:
			return nil, fmt.Errorf("%s exists and is not written over: move it away, or name another folder; nothing was written", path)
		case !ignoresState(path):
			return nil, fmt.Errorf("%s exists and is not written over: add the line %s/ to it; nothing was written", path, schema.DefaultStatePath)
		}
	}
	defer func() {
		if err == nil {
			return
		}
		for _, name := range written {
			err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
		}
	}()
	for _, f := range missing {
		path := filepath.Join(dir, filepath.FromSlash(f.name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return written, err
		}
		if err := create(path, f.text); err != nil {
			return written, err
		}
		written = append(written, f.name)
	}
	return written, nil
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// ignoresState reports whether a .gitignore names the folder of the state.
func ignoresState(path string) bool {
	text, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(text)) {
		if strings.Trim(strings.TrimSpace(line), "/") == schema.DefaultStatePath {
			return true
		}
	}
	return false
}

// create writes a file that was not there.
func create(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(text); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	return f.Close()
}

// showNext says what was written, and what to do next.
func (e *env) showNext(dir string, written []string) error {
	var b strings.Builder
	for _, name := range written {
		fmt.Fprintf(&b, "Wrote %s\n", path.Join(filepath.ToSlash(dir), name))
	}
	accord := e.again(e.path(dir))
	fmt.Fprintf(&b, "\nSee what apply would do, and do it, on embedded accounts:\n    %[1]s plan\n    %[1]s apply\n", accord)
	_, err := e.stdout.Write([]byte(b.String()))
	return err
}
