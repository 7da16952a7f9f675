package crm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"accord/schema"
)

// Format is how a file of records is written.
type Format string

// The formats that Load reads.
//
// CSV has a header: object, the names of properties, and contacts, companies,
// deals … with the keys of the records to associate, separated by semicolons.
// An empty cell says nothing. Between the cells is what is between those of the
// header: commas, semicolons or tabs.
//
// JSON lines has an object in each line, with the same names; a value is text, a
// number, true, false, or null, which clears the property; keys are a list. The
// form that accord prints is read, too: properties and associations in objects
// of their own; id, createdAt and updatedAt in it are of the account that it
// came from and not read.
const (
	CSV       Format = "csv"
	JSONLines Format = "jsonl"
)

// Bookmarks keep how far a file was loaded, where an account has a place for it.
type Bookmarks interface {
	// Bookmark is the number of rows of the file that are done, 0 at first.
	Bookmark(ctx context.Context, digest string) (rows int, err error)
	// SetBookmark notes it; 0 forgets the file.
	SetBookmark(ctx context.Context, digest string, rows int) error
}

// LoadOptions say how to load a file.
type LoadOptions struct {
	Format Format
	Object string // of rows that do not say
	// Bookmarks make a load that was interrupted go on where it was. Nil: it
	// begins again, which does no harm but takes time.
	Bookmarks Bookmarks
	// Progress is called after every batch; nil: nobody is told.
	Progress func(LoadReport)
	// MaxErrors is how many rows may be refused before the rest is not tried.
	// 0: 100.
	MaxErrors int
}

// LoadReport is what a load has done.
type LoadReport struct {
	Rows    int // read, those of an earlier run included
	Resumed int // of these, done in an earlier run
	Created int
	Updated int
	Same    int        // there already, with these values
	Refused []RowError // in this run, by line
}

// RowError is why a row was refused. It repeats nothing of the row.
type RowError struct {
	Line int // in the file, from 1
	Err  error
}

func (e RowError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }
func (e RowError) Unwrap() error { return e.Err }

// ErrTooManyRefused ends a load of which too many rows were refused.
var ErrTooManyRefused = errors.New("too many rows were refused: the rest was not tried")

// row is one row of a file.
type row struct {
	line       int
	object     string
	properties map[string]string
	links      map[string][]string // object → keys
	err        error               // why it cannot be read
}

// rows reads a file; after the last row it returns io.EOF. An error in row.err
// is that of one row, a returned one ends the file.
type rows interface{ next() (row, error) }

// Bounds of a batch.
const (
	batchRows  = 1000
	batchBytes = 4 << 20
)

// Load reads records from a file into an account, in batches, in the order of
// the file. A contact with an e-mail address and a company with a domain are
// updated where they are there already; of anything else a row makes one record,
// once, however often the file is loaded. A row that is refused stops no other.
//
// The file is read twice: by its digest a load that was interrupted is known
// again.
func Load(ctx context.Context, a Account, file io.ReadSeeker, opts LoadOptions) (LoadReport, error) {
	digest, err := fileDigest(ctx, file)
	if err != nil {
		return LoadReport{}, err
	}
	l := &loader{account: a, opts: opts, digest: digest}
	if l.opts.MaxErrors == 0 {
		l.opts.MaxErrors = 100
	}
	var in rows
	switch opts.Format {
	case CSV:
		in, err = newCSVRows(file)
	case JSONLines:
		in = newJSONRows(file)
	default:
		err = fmt.Errorf("format %q is unknown: use %s or %s", opts.Format, CSV, JSONLines)
	}
	if err != nil {
		return LoadReport{}, err
	}
	if opts.Bookmarks != nil {
		if l.report.Resumed, err = opts.Bookmarks.Bookmark(ctx, digest); err != nil {
			return LoadReport{}, err
		}
	}
	err = l.run(ctx, in)
	l.sortRefused()
	if err != nil {
		return l.report, err
	}
	if opts.Bookmarks != nil {
		return l.report, opts.Bookmarks.SetBookmark(ctx, digest, 0)
	}
	return l.report, nil
}

func fileDigest(ctx context.Context, file io.ReadSeeker) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, readerFunc(func(b []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return file.Read(b)
	})); err != nil {
		return "", err
	}
	_, err := file.Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil)), err
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

type loader struct {
	account Account
	opts    LoadOptions
	digest  string
	report  LoadReport

	batch []loaded
	by    string // of the batch: the unique property, or "" to create
	bytes int
}

// loaded is a row in a batch, and its number in the file.
type loaded struct {
	row
	number int
}

func (l *loader) run(ctx context.Context, in rows) error {
	for {
		r, err := in.next()
		if errors.Is(err, io.EOF) {
			return l.flush(ctx)
		}
		if err != nil {
			return errors.Join(l.flush(ctx), err)
		}
		l.report.Rows++
		if l.report.Rows <= l.report.Resumed {
			continue
		}
		if r.object == "" {
			r.object = l.opts.Object
		}
		if r.err == nil && r.object == "" {
			r.err = errors.New("the row does not say of which object it is: add a column object")
		}
		if r.err != nil {
			if err := l.refuse(r.line, r.err); err != nil {
				return err
			}
			continue
		}
		// A key may mean a record of the batch before, so a row that refers to
		// its own object waits until that is written.
		by := l.key(r)
		if len(l.batch) > 0 && (l.batch[0].object != r.object || l.by != by || r.links[r.object] != nil) {
			if err := l.flush(ctx); err != nil {
				return err
			}
		}
		l.by = by
		l.batch = append(l.batch, loaded{r, l.report.Rows})
		for name, v := range r.properties {
			l.bytes += len(name) + len(v)
		}
		if len(l.batch) == batchRows || l.bytes > batchBytes {
			if err := l.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// key is the property by which the record of a row is found, or "".
func (l *loader) key(r row) string {
	by := KeyProperty(r.object)
	if by == "" || r.properties[by] == "" || by == PropertyDomain && !l.account.Capabilities().UniqueDomain {
		return ""
	}
	return by
}

func (l *loader) refuse(line int, err error) error {
	l.report.Refused = append(l.report.Refused, RowError{line, err})
	if len(l.report.Refused) > l.opts.MaxErrors {
		return ErrTooManyRefused
	}
	return nil
}

// sortRefused puts what was refused into the order of the file: what cannot be
// read is refused before the batch around it is written.
func (l *loader) sortRefused() {
	slices.SortStableFunc(l.report.Refused, func(a, b RowError) int { return a.Line - b.Line })
}

// flush writes the batch.
func (l *loader) flush(ctx context.Context) error {
	if len(l.batch) > 0 {
		if err := l.write(ctx); err != nil {
			return err
		}
		l.batch, l.bytes = l.batch[:0], 0
	}
	if l.opts.Progress != nil {
		l.sortRefused()
		l.opts.Progress(l.report)
	}
	return nil
}

func (l *loader) write(ctx context.Context) error {
	targets, err := l.resolve(ctx)
	if err != nil {
		return err
	}
	var inputs []Input
	var from []loaded
	for _, r := range l.batch {
		in := Input{Properties: r.properties}
		if l.by != "" {
			in.ID = r.properties[l.by]
		} else {
			in.Key = l.digest[:32] + ":" + strconv.Itoa(r.number)
		}
		if in.Associations, err = associations(r.row, targets); err != nil {
			if err := l.refuse(r.line, err); err != nil {
				return err
			}
			continue
		}
		inputs, from = append(inputs, in), append(from, r)
	}
	var results []Result
	if object := l.batch[0].object; l.by != "" {
		results, err = l.account.UpsertRecords(ctx, object, l.by, inputs)
	} else {
		results, err = l.account.CreateRecords(ctx, object, inputs)
	}
	var invalid *InvalidError
	if errors.As(err, &invalid) && len(results) == 0 { // such as an object that is not there
		for _, r := range from {
			if err := l.refuse(r.line, err); err != nil {
				return err
			}
		}
		err = nil
	}
	for i, r := range results {
		switch {
		case r.Err != nil:
			if err := l.refuse(from[i].line, r.Err); err != nil {
				return err
			}
		case r.Created:
			l.report.Created++
		case r.Changed:
			l.report.Updated++
		default:
			l.report.Same++
		}
	}
	if err != nil || l.opts.Bookmarks == nil {
		return err
	}
	return l.opts.Bookmarks.SetBookmark(ctx, l.digest, l.batch[len(l.batch)-1].number)
}

// resolve finds the records that the batch refers to: object → key → id.
func (l *loader) resolve(ctx context.Context) (map[string]map[string]string, error) {
	targets := map[string]map[string]string{}
	for _, r := range l.batch {
		for object, keys := range r.links {
			if targets[object] == nil {
				targets[object] = map[string]string{}
			}
			for _, k := range keys {
				targets[object][k] = ""
			}
		}
	}
	for object, ids := range targets {
		keys := make([]string, 0, len(ids))
		for k := range ids {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		if err := l.resolveKeys(ctx, object, keys, ids); err != nil {
			return nil, err
		}
	}
	return targets, nil
}

// resolveKeys is Find for many keys at once; only deals by name are asked one
// by one.
func (l *loader) resolveKeys(ctx context.Context, object string, keys []string, ids map[string]string) error {
	ask := func(by string, keys []string) error {
		if len(keys) == 0 {
			return nil
		}
		found, err := l.account.ReadRecords(ctx, object, by, keys, PropertyID)
		if err != nil {
			return err
		}
		for i, r := range found {
			if r != nil {
				ids[keys[i]] = r.ID
			}
		}
		return nil
	}
	unknown := func(k string) bool { return ids[k] == "" }
	if err := ask("", filter(keys, isID)); err != nil {
		return err
	}
	if by := KeyProperty(object); by != "" {
		return ask(by, filter(keys, unknown))
	}
	if object != schema.Deal {
		return nil
	}
	for _, k := range filter(keys, unknown) {
		deal, err := findDeal(ctx, l.account, k, nil)
		var ambiguous *AmbiguousError
		switch {
		case errors.Is(err, ErrNotFound):
		case errors.As(err, &ambiguous):
			ids[k] = severalDeals
		case err != nil:
			return err
		default:
			ids[k] = deal.ID
		}
	}
	return nil
}

func filter(keys []string, keep func(string) bool) []string {
	return slices.DeleteFunc(slices.Clone(keys), func(k string) bool { return !keep(k) })
}

// severalDeals stands for the id of a deal whose name is not unique.
const severalDeals = "*"

func associations(r row, targets map[string]map[string]string) ([]Association, error) {
	var out []Association
	for object, keys := range r.links {
		for i, k := range keys {
			switch id := targets[object][k]; id {
			case "":
				return nil, fmt.Errorf("%s %d that it is associated with: %w", object, i+1, ErrNotFound)
			case severalDeals:
				return nil, fmt.Errorf("deal %d that it is associated with: several have this name", i+1)
			default:
				out = append(out, Association{To: Ref{object, id}})
			}
		}
	}
	slices.SortFunc(out, func(a, b Association) int {
		if c := slices.Compare([]string{a.To.Object}, []string{b.To.Object}); c != 0 {
			return c
		}
		return CompareIDs(a.To.ID, b.To.ID)
	})
	return out, nil
}
