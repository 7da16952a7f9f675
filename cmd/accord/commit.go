package main

import (
	"os"
	"path/filepath"
	"strings"
)

// commit is the commit of the configuration, for the history, or "" where it is
// not in git. In CI the environment says it; elsewhere .git/HEAD does.
func (e *env) commit() string {
	if c := firstSet(e.getenv("GITHUB_SHA"), e.getenv("CI_COMMIT_SHA")); c != "" {
		return c
	}
	dir, err := filepath.Abs(e.dir)
	if err != nil {
		return ""
	}
	for {
		if git, err := gitDir(filepath.Join(dir, ".git")); err == nil {
			return head(git)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// gitDir is the folder that .git is, or that it points to in a work tree.
func gitDir(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return path, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	to := strings.TrimSpace(strings.TrimPrefix(string(data), "gitdir:"))
	if !filepath.IsAbs(to) {
		to = filepath.Join(filepath.Dir(path), to)
	}
	return to, nil
}

// head is the commit that HEAD names, or "" where it cannot be told without git.
func head(git string) string {
	read := func(path ...string) string {
		data, err := os.ReadFile(filepath.Join(path...))
		if err != nil {
			return ""
		}
		return strings.TrimSpace(string(data))
	}
	now := read(git, "HEAD")
	ref, ok := strings.CutPrefix(now, "ref: ")
	if !ok {
		return now
	}
	common := git
	if c := read(git, "commondir"); c != "" {
		common = filepath.Join(git, c)
	}
	if c := read(common, filepath.FromSlash(ref)); c != "" {
		return c
	}
	for line := range strings.SplitSeq(read(common, "packed-refs"), "\n") {
		if c, ok := strings.CutSuffix(line, " "+ref); ok {
			return c
		}
	}
	return ""
}
