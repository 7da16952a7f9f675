package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/crm"
	"accord/diag"
	"accord/schema"
)

func crmCommand(e *env) *cobra.Command {
	c := &crmCommands{env: e}
	cmd := &cobra.Command{
		Use:   "crm",
		Short: "Look at and change the records of an account",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	for _, sub := range []*cobra.Command{
		c.create(), c.get(), c.list(), c.update(), c.delete(), c.associate(), c.submit(), c.load(), c.facts(),
	} {
		sub.Flags().StringVar(&c.account, "account", "", "the `ACCOUNT`")
		if err := sub.MarkFlagRequired("account"); err != nil {
			panic(err) // the flag is declared above
		}
		cmd.AddCommand(sub)
	}
	return cmd
}

// crmCommands are the commands below crm.
type crmCommands struct {
	*env
	account string
	format  string
}

// recordObjects are the objects that the commands take.
var recordObjects = []string{
	schema.Contact, schema.Company, schema.Deal, schema.Note, schema.Call, schema.Meeting, schema.EmailActivity, schema.Task,
}

// on opens the account and calls fn.
func (c *crmCommands) on(ctx context.Context, write bool, fn func(context.Context, *project, crm.Account) error) error {
	p, err := c.env.load(ctx)
	if err != nil {
		return err
	}
	open := p.openToRead
	if write {
		open = p.openToWrite
	} else {
		var stop context.CancelFunc
		ctx, stop = c.atOnce(ctx)
		defer stop()
	}
	s, err := open(ctx)
	if err != nil {
		return err
	}
	snapshot, err := s.state.Snapshot(ctx)
	if err == nil {
		var a crm.Account
		if a, err = p.existingAccount(ctx, s, snapshot, c.account); err == nil {
			err = fn(ctx, p, a)
		}
	}
	return errors.Join(err, s.Close())
}

func (c *crmCommands) formatted(cmd *cobra.Command) *cobra.Command {
	formatFlag(cmd, &c.format, "text", "json")
	return cmd
}

func (c *crmCommands) create() *cobra.Command {
	return c.formatted(&cobra.Command{
		Use:   "create OBJECT NAME=VALUE…",
		Short: "Create a record and print its id",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := assignments(args[1:])
			if err != nil {
				return err
			}
			return c.on(cmd.Context(), true, func(ctx context.Context, _ *project, a crm.Account) error {
				results, err := a.CreateRecords(ctx, args[0], []crm.Input{{Properties: values}})
				if err = outcome(results, err); err != nil {
					return err
				}
				return c.showID(ctx, a, args[0], results[0].ID)
			})
		},
	})
}

// showID prints the id of a record that was written, or the whole as JSON.
func (c *crmCommands) showID(ctx context.Context, r crm.Reader, object, id string) error {
	if c.format == "json" {
		return c.show(ctx, r, object, id)
	}
	_, err := fmt.Fprintln(c.stdout, id)
	return err
}

// show prints one record with its associations.
func (c *crmCommands) show(ctx context.Context, r crm.Reader, object, key string) error {
	rec, err := find(ctx, r, object, key)
	if err != nil {
		return err
	}
	with, err := associated(ctx, r, object, []crm.Record{*rec})
	if err != nil {
		return err
	}
	if c.format == "json" {
		return view.CRMRecordJSON(c.stdout, with[0])
	}
	return view.CRMRecordText(c.stdout, with[0], c.style(c.stdout))
}

// find is crm.Find with words for a person.
func find(ctx context.Context, r crm.Reader, object, key string) (*crm.Record, error) {
	rec, err := crm.Find(ctx, r, object, key)
	if errors.Is(err, crm.ErrNotFound) {
		return nil, fmt.Errorf("there is no %s %q in the account", object, key)
	}
	return rec, err
}

// associated reads the ids of what records are associated with.
func associated(ctx context.Context, r crm.Reader, object string, records []crm.Record) ([]view.CRMRecord, error) {
	out := make([]view.CRMRecord, len(records))
	ids := make([]string, len(records))
	for i := range records {
		out[i] = view.CRMRecord{Record: &records[i], Associations: map[string][]string{}}
		ids[i] = records[i].ID
	}
	for _, to := range recordObjects {
		pages, err := r.Associations(ctx, object, ids, to)
		if err != nil {
			return nil, err
		}
		for i, page := range pages {
			for page.Items != nil {
				for _, a := range page.Items {
					out[i].Associations[to] = append(out[i].Associations[to], a.To.ID)
				}
				if page.Next == "" {
					break
				}
				if page, err = r.ListAssociations(ctx, crm.Ref{Object: object, ID: ids[i]}, to, page.Next, crm.MaxPage); err != nil {
					return nil, err
				}
			}
		}
	}
	return out, nil
}

func (c *crmCommands) get() *cobra.Command {
	return c.formatted(&cobra.Command{
		Use:   "get OBJECT KEY",
		Short: "Show a record",
		Long:  "Shows a record. KEY is its id, a contact's e-mail, a company's domain, or a deal's name where it is unique.",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.on(cmd.Context(), false, func(ctx context.Context, _ *project, a crm.Account) error {
				return c.show(ctx, crm.ReadOnly(a), args[0], args[1])
			})
		},
	})
}

func (c *crmCommands) list() *cobra.Command {
	var (
		where string
		after string
		limit int
	)
	cmd := c.formatted(&cobra.Command{
		Use:   "list OBJECT",
		Short: "List records, the oldest first",
		Args:  cobra.ExactArgs(1),
	})
	cmd.Flags().StringVar(&where, "where", "", "only records for which this `CEL` condition holds")
	countFlag(cmd, &limit, "limit", 100, 0, "at most `N` records, 0 for all")
	cmd.Flags().StringVar(&after, "after", "", "only what comes after the `CURSOR` that another list has as next")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return c.on(cmd.Context(), false, func(ctx context.Context, p *project, a crm.Account) error {
			keep := func(*crm.Record) bool { return true }
			if where != "" {
				program, problems := conditions{p.graph, c.account}.compile(args[0], where)
				if program == nil {
					return fmt.Errorf("--where: %s", problems[0].Message)
				}
				keep = func(r *crm.Record) bool { return holds(ctx, program, r) }
			}
			list := view.NewCRMList(c.stdout, c.format, c.style(c.stdout))
			batch := make([]crm.Record, 0, crm.MaxPage)
			flush := func() error {
				with, err := associated(ctx, a, args[0], batch)
				if err != nil {
					return err
				}
				batch = batch[:0]
				return list.Add(with...)
			}
			n := 0
			for r, err := range crm.All(ctx, a, crm.Query{Object: args[0], After: crm.Cursor(after)}) {
				if err != nil {
					return err
				}
				if !keep(&r) {
					continue
				}
				if limit > 0 && n == limit {
					list.More()
					break
				}
				n++
				if batch = append(batch, r); len(batch) == cap(batch) {
					if err := flush(); err != nil {
						return err
					}
				}
			}
			if err := flush(); err != nil {
				return err
			}
			return list.Close()
		})
	}
	return cmd
}

func (c *crmCommands) update() *cobra.Command {
	return c.formatted(&cobra.Command{
		Use:   "update OBJECT KEY NAME=VALUE…",
		Short: "Change a record; NAME= clears a property",
		Args:  cobra.MinimumNArgs(3),
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := assignments(args[2:])
			if err != nil {
				return err
			}
			return c.on(cmd.Context(), true, func(ctx context.Context, _ *project, a crm.Account) error {
				rec, err := find(ctx, a, args[0], args[1])
				if err != nil {
					return err
				}
				results, err := a.UpdateRecords(ctx, args[0], []crm.Input{{ID: rec.ID, Properties: values}})
				if err = outcome(results, err); err != nil {
					return err
				}
				return c.showID(ctx, a, args[0], rec.ID)
			})
		},
	})
}

func (c *crmCommands) delete() *cobra.Command {
	return c.formatted(&cobra.Command{
		Use:   "delete OBJECT KEY",
		Short: "Delete a record",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.on(cmd.Context(), true, func(ctx context.Context, _ *project, a crm.Account) error {
				rec, err := find(ctx, a, args[0], args[1])
				if err != nil {
					return err
				}
				results, err := a.DeleteRecords(ctx, args[0], []crm.Input{{ID: rec.ID}})
				if err = outcome(results, err); err != nil {
					return err
				}
				if c.format == "json" {
					return view.JSON(c.stdout, map[string]string{"deleted": rec.ID})
				}
				_, err = fmt.Fprintln(c.stdout, rec.ID)
				return err
			})
		},
	})
}

func (c *crmCommands) associate() *cobra.Command {
	return c.formatted(&cobra.Command{
		Use:   "associate OBJECT KEY OBJECT KEY",
		Short: "Associate two records",
		Args:  cobra.ExactArgs(4),
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.on(cmd.Context(), true, func(ctx context.Context, _ *project, a crm.Account) error {
				from, err := find(ctx, a, args[0], args[1])
				if err != nil {
					return err
				}
				to, err := find(ctx, a, args[2], args[3])
				if err != nil {
					return err
				}
				results, err := a.Associate(ctx, []crm.Link{{From: from.Ref(), To: to.Ref()}})
				if err = outcome(results, err); err != nil {
					return err
				}
				return c.showID(ctx, a, args[0], from.ID)
			})
		},
	})
}

func (c *crmCommands) submit() *cobra.Command {
	return c.formatted(&cobra.Command{
		Use:   "submit FORM NAME=VALUE…",
		Short: "Send in a form, and print the id of its contact",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := assignments(args[1:])
			if err != nil {
				return err
			}
			return c.on(cmd.Context(), true, func(ctx context.Context, _ *project, a crm.Account) error {
				id, err := formID(ctx, a, args[0])
				if err != nil {
					return err
				}
				result, err := a.SubmitForm(ctx, crm.SubmissionInput{Form: id, Values: values})
				if err = outcome([]crm.Result{result}, err); err != nil {
					return err
				}
				return c.showID(ctx, a, schema.Contact, result.ID)
			})
		},
	})
}

// formID finds a form by the name it is declared with, its label or its id.
func formID(ctx context.Context, r crm.Reader, name string) (string, error) {
	forms, err := r.Assets(ctx, schema.KindForm)
	if err != nil {
		return "", err
	}
	var names []string
	for _, is := range []func(*crm.Asset) bool{
		func(a *crm.Asset) bool { return a.Name == name },
		func(a *crm.Asset) bool { return a.Spec.(*schema.Form).Label == name },
		func(a *crm.Asset) bool { return a.ID == name },
	} {
		for i := range forms {
			if is(&forms[i]) {
				return forms[i].ID, nil
			}
			names = append(names, firstSet(forms[i].Name, forms[i].Spec.(*schema.Form).Label))
		}
	}
	return "", fmt.Errorf("there is no form %q in the account%s", name, suggestion(name, names))
}

func suggestion(name string, names []string) string {
	if s := diag.DidYouMean(name, names); s != "" {
		return ": " + s
	}
	return ""
}

func (c *crmCommands) load() *cobra.Command {
	var fileFormat, object string
	cmd := c.formatted(&cobra.Command{
		Use:   "load FILE",
		Short: "Load records from CSV or JSON lines (- for stdin)",
		Long: `Loads records from a file in batches. CSV may have commas, semicolons or tabs
between its cells. For stdin, --from says which format it has. A load that was cut off goes on where it
stopped when it is given the same file again.`,
		Args: cobra.ExactArgs(1),
	})
	choiceFlag(cmd, &fileFormat, "from", "`FORMAT` of the file", "auto", "csv", "jsonl")
	cmd.Flags().StringVar(&object, "object", "", "the `OBJECT` of rows that do not say it (default contact)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if args[0] == "-" && fileFormat == "auto" {
			return &usageError{errors.New("stdin has no name that tells its format: use --from csv or --from jsonl"), cmd.CommandPath()}
		}
		f, done, err := c.openToLoad(args[0])
		if err != nil {
			return err
		}
		defer done()
		o := crm.LoadOptions{Object: firstSet(object, schema.Contact), Format: loadFormat(fileFormat, args[0])}
		return c.on(cmd.Context(), true, func(ctx context.Context, _ *project, a crm.Account) error {
			ctx, stop := c.atOnce(ctx)
			defer stop()
			o.Bookmarks, _ = a.(crm.Bookmarks)
			report, err := crm.Load(ctx, a, f, o)
			if c.format == "json" {
				return errors.Join(view.LoadReportJSON(c.stdout, report), err)
			}
			if verr := view.LoadReportText(c.stdout, report, c.style(c.stdout)); verr != nil {
				return verr
			}
			if err == nil && len(report.Refused) > 0 {
				return quiet(exitPartial)
			}
			return err
		})
	}
	return cmd
}

// openToLoad opens the file of a load, which is read twice: stdin is kept in a
// file meanwhile, for its owner alone, that done removes.
func (c *crmCommands) openToLoad(name string) (f *os.File, done func(), err error) {
	if name != "-" {
		f, err := os.Open(c.path(name))
		return f, func() { _ = f.Close() }, err
	}
	f, err = os.CreateTemp("", "accord-load-*") // with mode 0600
	if err != nil {
		return nil, nil, err
	}
	done = func() {
		_ = f.Close()
		_ = os.Remove(f.Name())
	}
	if _, err = io.Copy(f, c.stdin); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		done()
		return nil, nil, fmt.Errorf("read stdin: %w", err)
	}
	return f, done, nil
}

func loadFormat(format, file string) crm.Format {
	switch ext := strings.ToLower(filepath.Ext(file)); {
	case format == "csv", format == "auto" && ext == ".csv":
		return crm.CSV
	}
	return crm.JSONLines
}

func (c *crmCommands) facts() *cobra.Command {
	return c.formatted(&cobra.Command{
		Use:   "facts [NAME=VALUE…]",
		Short: "Show what the account reports of itself; set it for an embedded account",
		Long: `Shows what the account reports of itself: type, status, hosting, subscriptions,
sensitiveData … For an embedded account facts can be set, to play what a vendor
may do: accord crm facts --account acme-us sensitiveData=true
subscriptions.sales=starter. A name with nothing behind = is unset.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			values, err := assignments(args)
			if err != nil {
				return err
			}
			return c.on(cmd.Context(), len(values) > 0, func(ctx context.Context, _ *project, a crm.Account) error {
				f, err := a.Facts(ctx)
				if err != nil {
					return err
				}
				if len(values) > 0 {
					for _, name := range slices.Sorted(maps.Keys(values)) {
						if f, err = f.With(name, values[name]); err != nil {
							return err
						}
					}
					if err := a.SetFacts(ctx, f); errors.Is(err, crm.ErrUnsupported) {
						return fmt.Errorf("the facts of %s are its vendor's: they can be set for an embedded account only", c.account)
					} else if err != nil {
						return err
					}
				}
				if c.format == "json" {
					return view.JSON(c.stdout, f)
				}
				return view.FactsText(c.stdout, f)
			})
		},
	})
}

// assignments reads name=value arguments.
func assignments(args []string) (map[string]string, error) {
	out := make(map[string]string, len(args))
	for _, a := range args {
		name, value, ok := strings.Cut(a, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE", a)
		}
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		out[name] = value
	}
	return out, nil
}

// outcome is the error of a batch of one.
func outcome(results []crm.Result, err error) error {
	if err != nil || len(results) == 0 {
		return err
	}
	return results[0].Err
}
