//go:build darwin || linux

package load

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Opening a pipe waits for a writer, who may never come: what is no regular file
// is a finding and is not opened.
func TestWhatIsNoFileIsNotOpened(t *testing.T) {
	const email = "apiVersion: accord/v1\nkind: Email\nmetadata: {name: e}\nspec: {accounts: [a], label: E, subject: s, body: {file: body.html}}\n"
	for _, tc := range []struct {
		name  string
		make  func(t *testing.T, dir string)
		want  string
		files []string // that can be formatted
	}{
		{
			"a pipe among the files",
			func(t *testing.T, dir string) { pipe(t, dir, "p.yaml") },
			"p.yaml: the file is not a regular file, but a named pipe [yaml-syntax]",
			[]string{"good.yaml"},
		},
		{
			"the project is a pipe",
			func(t *testing.T, dir string) { pipe(t, dir, ProjectFile) },
			"accord.yaml: the file is not a regular file, but a named pipe [yaml-syntax]",
			[]string{"good.yaml"},
		},
		{
			"a link to a pipe",
			func(t *testing.T, dir string) {
				pipe(t, dir, "p")
				if err := os.Symlink("p", filepath.Join(dir, "link.yaml")); err != nil {
					t.Fatal(err)
				}
			},
			"link.yaml: the file is not a regular file, but a named pipe [yaml-syntax]",
			[]string{"good.yaml"},
		},
		{
			"the body of an email is a pipe",
			func(t *testing.T, dir string) {
				pipe(t, dir, "body.html")
				write(t, dir, "e.yaml", email)
			},
			"e.yaml:4:58: body.html: the file is not a regular file, but a named pipe [schema]",
			[]string{"e.yaml", "good.yaml"},
		},
		{
			"a socket",
			func(t *testing.T, dir string) {
				t.Chdir(dir) // the path of a socket is short
				l, err := net.Listen("unix", "s.yaml")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { l.Close() })
			},
			"s.yaml: the file is not a regular file, but a socket [yaml-syntax]",
			[]string{"good.yaml"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "good.yaml", fmt.Sprintf(user, "a", "a"))
			tc.make(t, dir)
			root, err := os.OpenRoot(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer root.Close()
			done := make(chan struct{})
			go func() {
				defer close(done)
				r, err := Dir(t.Context(), root.FS(), Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if names(r) != "User/a" || len(r.Diagnostics) != 1 || r.Diagnostics[0].Error() != tc.want {
					t.Errorf("read %s, found %v\nwant %s", names(r), r.Diagnostics, tc.want)
				}
				files, err := Files(root.FS())
				if err != nil || !slices.Equal(files, tc.files) {
					t.Errorf("files %v, %v; want %v", files, err, tc.files)
				}
			}()
			select {
			case <-done:
			case <-time.After(10 * time.Second):
				t.Fatal("it waits")
			}
		})
	}
}

func pipe(t *testing.T, dir, name string) {
	t.Helper()
	if err := syscall.Mkfifo(filepath.Join(dir, name), 0o600); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
