package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"accord/cmd/accord/view"
	"accord/schema"
	"accord/state"
)

func stateCommand(e *env) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "state",
		Short: "Look at what was applied, and mend it",
		Args:  noSuchCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(
		stateListCommand(e), stateShowCommand(e), stateHistoryCommand(e), stateRemoveCommand(e), stateMoveCommand(e),
		statePullCommand(e), statePushCommand(e), stateUnlockCommand(e), stateVerifyCommand(e), stateRekeyCommand(e),
	)
	return cmd
}

// reading opens the store of the project to read it, and calls fn.
func (e *env) reading(ctx context.Context, fn func(context.Context, *project, *store) error) error {
	ctx, stop := e.atOnce(ctx)
	defer stop()
	p, err := e.load(ctx)
	if err != nil {
		return err
	}
	s, err := p.openToRead(ctx)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, p, s), s.Close())
}

// writing opens the store of the project to write it, and calls fn under the
// state's lock.
func (e *env) writing(ctx context.Context, operation string, fn func(context.Context, *project, *store, state.Lease) error) error {
	p, err := e.load(ctx)
	if err != nil {
		return err
	}
	s, err := p.openToWrite(ctx)
	if err != nil {
		return err
	}
	err = s.locked(ctx, e, operation, func(ctx context.Context, l state.Lease) error { return fn(ctx, p, s, l) })
	return errors.Join(err, s.Close())
}

// edit writes one change of the state, with its entry in the history.
func (s *store) edit(ctx context.Context, e *env, l state.Lease, operation string, w *state.Write) error {
	meta, err := s.state.Meta(ctx)
	if err != nil {
		return err
	}
	who := e.who(operation)
	w.Run = &state.Run{Operation: operation, By: who.Holder, Host: who.Host, Commit: e.commit(), Outcome: state.Done}
	_, err = s.state.Write(ctx, l, meta.Serial, w)
	return err
}

func stateListCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "list [ADDRESS…]",
		Short: "List the addresses of what was applied, a line each",
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.reading(cmd.Context(), func(ctx context.Context, _ *project, s *store) error {
				for rec, err := range s.state.Records(ctx) {
					if err != nil {
						return err
					}
					if matches, err := anyMatches(args, rec.Ref); err != nil {
						return err
					} else if matches {
						if _, err := fmt.Fprintln(e.stdout, rec.Ref); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
}

func stateShowCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{Use: "show ADDRESS", Short: "Show one resource as it was applied", Args: cobra.ExactArgs(1)}
	formatFlag(cmd, &format, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return e.reading(cmd.Context(), func(ctx context.Context, _ *project, s *store) error {
			rec, err := s.record(ctx, args[0])
			if err != nil {
				return err
			}
			if format == "json" {
				return view.RecordJSON(e.stdout, rec)
			}
			return view.RecordText(e.stdout, rec, e.style(e.stdout))
		})
	}
	return cmd
}

// record reads one record, or says what else was meant.
func (s *store) record(ctx context.Context, address string) (state.Record, error) {
	ref, err := schema.ParseRef(address)
	if err != nil {
		return state.Record{}, err
	}
	rec, err := s.state.Record(ctx, ref)
	if errors.Is(err, state.ErrNotFound) {
		return rec, fmt.Errorf("%v is not in the state: see accord state list", ref)
	}
	return rec, err
}

func stateHistoryCommand(e *env) *cobra.Command {
	var (
		format string
		limit  int
	)
	cmd := &cobra.Command{Use: "history", Short: "Show who applied what, when, and what came of it", Args: cobra.NoArgs}
	formatFlag(cmd, &format, "text", "json")
	countFlag(cmd, &limit, "limit", 20, 0, "the last `N` runs, 0 for all")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return e.reading(cmd.Context(), func(ctx context.Context, _ *project, s *store) error {
			runs, err := s.history(ctx, limit)
			if err != nil {
				return err
			}
			if format == "json" {
				return view.HistoryJSON(e.stdout, runs)
			}
			return view.HistoryText(e.stdout, runs, e.style(e.stdout))
		})
	}
	return cmd
}

// history is the history as a reader sees it: a run that nobody holds the lock
// for any more was cut off.
func (s *store) history(ctx context.Context, limit int) ([]state.Run, error) {
	runs, err := s.state.History(ctx, limit)
	if err != nil {
		return nil, err
	}
	lock, err := s.state.LockInfo(ctx)
	if err != nil {
		return nil, err
	}
	for i := range runs {
		if runs[i].Outcome == state.Running && (lock == nil || i > 0) {
			runs[i].Outcome = state.Interrupted
		}
	}
	return runs, nil
}

func stateRemoveCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "rm ADDRESS…",
		Short: "Forget resources: they stay in their accounts and are no longer managed",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), "state rm", func(ctx context.Context, _ *project, s *store, l state.Lease) error {
				var w state.Write
				for _, a := range args {
					rec, err := s.record(ctx, a)
					if err != nil {
						return err
					}
					w.Delete = append(w.Delete, rec.Ref)
				}
				if err := s.edit(ctx, e, l, "state rm", &w); err != nil {
					return err
				}
				for _, ref := range w.Delete {
					fmt.Fprintf(e.stderr, "Removed %v from the state; nothing was changed in an account.\n", ref)
				}
				return nil
			})
		},
	}
}

func stateMoveCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "mv FROM TO",
		Short: "Give what was applied another name, where metadata.renamedFrom was forgotten",
		Args:  cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.writing(cmd.Context(), "state mv", func(ctx context.Context, _ *project, s *store, l state.Lease) error {
				w, err := s.move(ctx, args[0], args[1])
				if err != nil {
					return err
				}
				if err := s.edit(ctx, e, l, "state mv", w); err != nil {
					return err
				}
				fmt.Fprintf(e.stderr, "Moved %s to %s.\n", args[0], args[1])
				return nil
			})
		},
	}
}

// move is the write that renames one record. An account keeps the place where it
// is stored: what other records say of it follows with the next apply.
func (s *store) move(ctx context.Context, from, to string) (*state.Write, error) {
	rec, err := s.record(ctx, from)
	if err != nil {
		return nil, err
	}
	ref, err := schema.ParseRef(to)
	if err != nil {
		return nil, err
	}
	if ref.Kind != rec.Ref.Kind {
		return nil, fmt.Errorf("%v cannot become %v: a resource keeps its kind", rec.Ref, ref)
	}
	if ref.Kind == schema.KindAccount {
		return nil, fmt.Errorf("other resources name %v: rename it with metadata.renamedFrom: %s, which takes them along", rec.Ref, rec.Ref.Name)
	}
	if _, err := s.state.Record(ctx, ref); err == nil {
		return nil, fmt.Errorf("%v is in the state already", ref)
	} else if !errors.Is(err, state.ErrNotFound) {
		return nil, err
	}
	r, err := schema.Parse(rec.Resource)
	if err != nil {
		return nil, fmt.Errorf("%w: %v: %w", state.ErrCorrupt, rec.Ref, err)
	}
	old := rec.Ref
	r.Name = ref.Name
	moved := state.NewRecord(r)
	moved.Accounts, moved.IDs, moved.Implied = rec.Accounts, rec.IDs, rec.Implied
	return &state.Write{Put: []state.Record{moved}, Delete: []schema.Ref{old}}, nil
}

func statePullCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "pull",
		Short: "Write the whole state to stdout as JSON",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return e.reading(cmd.Context(), func(ctx context.Context, _ *project, s *store) error {
				snapshot, err := s.state.Snapshot(ctx)
				if err != nil {
					return err
				}
				return state.Encode(e.stdout, snapshot)
			})
		},
	}
}

func statePushCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "push FILE",
		Short: "Replace the whole state with one that was pulled (- for stdin)",
		Long: `Replaces the whole state with one that was pulled. Its lineage must be the
state's, or the state be empty, and its serial not older.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			in := e.stdin
			if args[0] != "-" {
				f, err := os.Open(e.path(args[0]))
				if err != nil {
					return err
				}
				defer f.Close()
				in = io.Reader(f)
			}
			snapshot, err := state.Decode(in)
			if err != nil {
				return &fileError{args[0], err}
			}
			return e.writing(cmd.Context(), "state push", func(ctx context.Context, _ *project, s *store, l state.Lease) error {
				if _, err := s.state.Push(ctx, l, snapshot); err != nil {
					return err
				}
				if err := s.edit(ctx, e, l, "state push", &state.Write{}); err != nil {
					return fmt.Errorf("the state is pushed, and the history does not say so: %w", err)
				}
				meta, err := s.state.Meta(ctx)
				if err != nil {
					return err
				}
				fmt.Fprintf(e.stderr, "Pushed %d resources; the state is at serial %d.\n", len(snapshot.Records), meta.Serial)
				return nil
			})
		},
	}
}

func stateUnlockCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "unlock ID",
		Short: "Take the lock away from whoever holds it",
		Long: `Takes the lock with that id away. Its holder's writes are refused from then on.
The id is in the error of the command that found the state locked.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := e.load(cmd.Context())
			if err != nil {
				return err
			}
			s, err := p.openToWrite(cmd.Context())
			if err != nil {
				return err
			}
			err = s.state.Unlock(cmd.Context(), args[0])
			if errors.Is(err, state.ErrNotFound) {
				err = fmt.Errorf("the state is not locked by %s", args[0])
			}
			if err == nil {
				fmt.Fprintln(e.stderr, "The state is unlocked.")
			}
			return errors.Join(err, s.Close())
		},
	}
}

func stateVerifyCommand(e *env) *cobra.Command {
	var format string
	cmd := &cobra.Command{Use: "verify", Short: "Check that the state is whole and agrees with itself", Args: cobra.NoArgs}
	formatFlag(cmd, &format, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		return e.reading(cmd.Context(), func(ctx context.Context, _ *project, s *store) error {
			problems, err := state.Verify(ctx, s.state)
			if err != nil {
				return err
			}
			if format == "json" {
				err = view.ProblemsJSON(e.stdout, problems)
			} else {
				err = view.ProblemsText(e.stdout, problems, e.style(e.stdout))
			}
			if err != nil {
				return err
			}
			if len(problems) > 0 {
				return quiet(exitError)
			}
			return nil
		})
	}
	return cmd
}
