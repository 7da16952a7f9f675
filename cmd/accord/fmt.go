package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/diag"
	"accord/schema/load"
)

// stdinName stands for stdin where a file is named.
const stdinName = "<stdin>"

func fmtCommand(e *env) *cobra.Command {
	f := formatter{env: e}
	cmd := &cobra.Command{
		Use:   "fmt [FILE…]",
		Short: "Write the configuration in one canonical form",
		Long: `Rewrites the project's files, or those that are named, in one form, and lists
those that changed. Comments stay, and so does what the files say. - formats stdin
to stdout. --check and --diff write nothing.`,
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "list files that are not in the form, and exit 3")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "show what would change")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		ctx, stop := e.atOnce(cmd.Context())
		defer stop()
		return f.run(ctx, args)
	}
	return cmd
}

// formatter formats files one after another.
type formatter struct {
	*env
	check, diff bool

	changed  bool
	findings diag.List
}

func (f *formatter) run(ctx context.Context, names []string) error {
	if len(names) == 0 {
		var err error
		if names, err = f.projectFiles(); err != nil {
			return err
		}
	}
	var failed []error
	for _, name := range names {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		format := f.file
		if name == "-" {
			format = f.stream
		}
		if err := format(name); err != nil {
			failed = append(failed, err)
		}
	}
	if len(f.findings) > 0 {
		if err := f.showFindings(ctx); err != nil {
			return err
		}
	}
	switch {
	case len(failed) > 0:
		return errors.Join(failed...)
	case len(f.findings) > 0:
		return quiet(exitError)
	case f.check && f.changed:
		return quiet(exitFormat)
	}
	return nil
}

func (f *formatter) projectFiles() ([]string, error) {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, notAFolder(f.dir, err)
	}
	defer root.Close()
	return load.Files(root.FS())
}

// file formats a file of the project's folder.
func (f *formatter) file(name string) error {
	path, err := filepath.EvalSymlinks(f.path(name)) // what a link names is replaced, not the link
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", name)
	}
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, ok, err := f.format(name, src)
	if err != nil || !ok || bytes.Equal(src, text) {
		return err
	}
	f.changed = true
	if !f.check && !f.diff {
		if err := replaceFile(path, info.Mode().Perm(), func(w io.Writer) error {
			_, err := w.Write(text)
			return err
		}); err != nil {
			return err
		}
	}
	return f.list(name, src, text)
}

// stream formats stdin to stdout.
func (f *formatter) stream(string) error {
	src, err := io.ReadAll(f.stdin)
	if err != nil {
		return err
	}
	text, ok, err := f.format(stdinName, src)
	if err != nil || !ok {
		return err
	}
	f.changed = f.changed || !bytes.Equal(src, text)
	switch {
	case !f.check && !f.diff:
		_, err = f.stdout.Write(text)
		return err
	case bytes.Equal(src, text):
		return nil
	}
	return f.list(stdinName, src, text)
}

// format returns the form of a text, or notes why it has none.
func (f *formatter) format(name string, src []byte) (text []byte, ok bool, err error) {
	text, err = load.Format(src)
	var d diag.Diagnostic
	if errors.As(err, &d) {
		d.File = filepath.ToSlash(name)
		f.findings.Add(d)
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", name, err)
	}
	return text, true, nil
}

// list names a file that is not in the form, or shows what is different.
func (f *formatter) list(name string, src, text []byte) error {
	if f.diff {
		return view.FileDiff(f.stdout, filepath.ToSlash(name), src, text, f.style(f.stdout))
	}
	_, err := fmt.Fprintln(f.stdout, name)
	return err
}

// showFindings shows the files that are no YAML, with the lines of those that
// are the project's: only loading knows what in a line is a secret.
func (f *formatter) showFindings(ctx context.Context) error {
	line := func(string, int) string { return "" }
	if root, err := os.OpenRoot(f.dir); err == nil {
		defer root.Close()
		if loaded, err := load.Dir(ctx, root.FS(), load.Options{}); err == nil {
			line = loaded.Line
		}
	}
	f.findings.Sort()
	return view.Findings(f.stderr, f.findings, view.FindingsOptions{
		Format: "text", Style: f.style(f.stderr), Line: line, Version: version(),
	})
}
