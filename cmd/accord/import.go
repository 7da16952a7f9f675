package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"accord/crm"
	"accord/diag"
	"accord/plan"
	"accord/schema"
	"accord/schema/load"
	"accord/state"
)

func importCommand(e *env) *cobra.Command {
	var (
		all     bool
		account string
		into    string
	)
	cmd := &cobra.Command{
		Use:   "import ADDRESS ID --account A | import --all --account A",
		Short: "Take what exists in an account under management and write its YAML",
		Long: `Takes an object that exists in an account under management: writes its YAML to a
new file and notes its id in the state. Nothing is changed in the account, and a
plan right after is empty. With --all everything in the account that is not
managed yet.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if all {
				return cobra.NoArgs(cmd, args)
			}
			return cobra.ExactArgs(2)(cmd, args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&all, "all", false, "everything in the account that is not managed yet")
	f.StringVar(&account, "account", "", "the `ACCOUNT` to look in (default the only one)")
	f.StringVar(&into, "into", "", "write the YAML to `FILE` (default imported/ACCOUNT.yaml or imported/KIND-NAME.yaml)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return e.writing(cmd.Context(), "import", func(ctx context.Context, p *project, s *store, l state.Lease) error {
			snapshot, err := s.state.Snapshot(ctx)
			if err != nil {
				return err
			}
			if account == "" {
				if account, err = p.onlyAccount(); err != nil {
					return err
				}
			}
			a, err := p.existingAccount(ctx, s, snapshot, account)
			if err != nil {
				return err
			}
			found, err := a.Assets(ctx, crm.AssetKinds...)
			if err != nil {
				return err
			}
			var taken []plan.Imported
			if all {
				taken = plan.ImportAll(p.graph, snapshot, account, found)
			} else {
				one, err := plan.Import(p.graph, snapshot, account, found, args[0], args[1])
				if err != nil {
					return err
				}
				taken = []plan.Imported{one}
			}
			if len(taken) == 0 {
				fmt.Fprintf(e.stderr, "Everything in %s is managed already.\n", account)
				return nil
			}
			file := into
			if file == "" {
				file = importFile(account, args)
			}
			if err := p.writeImported(file, taken); err != nil {
				return err
			}
			w := &state.Write{}
			for _, i := range taken {
				w.Put = append(w.Put, i.Record)
			}
			if err := s.edit(ctx, e, l, "import", w); err != nil {
				// The YAML without the record would be adopted by the next
				// apply; but who asked for an import is told that it failed.
				return errors.Join(err, os.Remove(e.path(file)))
			}
			for _, i := range taken {
				fmt.Fprintf(e.stderr, "Imported %v (id %s in %s).\n", i.Record.Ref, i.Record.IDs[account], account)
			}
			fmt.Fprintf(e.stderr, "\nTheir YAML is in %s.\n", file)
			return nil
		})
	}
	return cmd
}

// onlyAccount is the account that is meant where none is named.
func (p *project) onlyAccount() (string, error) {
	names := p.graph.Names(schema.KindAccount)
	if len(names) != 1 {
		return "", fmt.Errorf("there are %d accounts: name one with --account", len(names))
	}
	return names[0], nil
}

func importFile(account string, args []string) string {
	if len(args) == 0 {
		return "imported/" + account + ".yaml"
	}
	return "imported/" + strings.ToLower(strings.ReplaceAll(args[0], "/", "-")) + ".yaml"
}

// existingAccount opens an account that is declared or applied, and exists.
func (p *project) existingAccount(ctx context.Context, s *store, snapshot *state.Snapshot, name string) (crm.Account, error) {
	accounts, err := p.accounts(s, snapshot, false)
	if err != nil {
		return nil, err
	}
	a := accounts[name]
	if a == nil {
		return nil, unknownAccount(name, accounts)
	}
	if _, err := a.Facts(ctx); errors.Is(err, crm.ErrNotFound) {
		return nil, fmt.Errorf("account %s is declared and was never applied: run accord apply first", name)
	} else if err != nil {
		return nil, fmt.Errorf("read account %s: %w", name, err)
	}
	return a, nil
}

// writeImported writes the YAML of what was imported to a new file.
func (p *project) writeImported(file string, taken []plan.Imported) error {
	path := p.path(file)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("write the imported YAML: %w: name another file with --into", err)
	}
	defer f.Close()
	for i, t := range taken {
		text, err := load.Marshal(t.Resource)
		if err != nil {
			return err
		}
		if i > 0 {
			text = append([]byte("---\n"), text...)
		}
		if _, err := f.Write(text); err != nil {
			return err
		}
	}
	return f.Close()
}

// unknownAccount says which account was meant.
func unknownAccount(name string, accounts map[string]crm.Account) error {
	names := make([]string, 0, len(accounts))
	for n := range accounts {
		names = append(names, n)
	}
	return fmt.Errorf("there is no account %q: %s", name, firstSet(diag.DidYouMean(name, names), "see accord accounts"))
}
