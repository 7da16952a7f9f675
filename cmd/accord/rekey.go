package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/spf13/cobra"

	"accord/kv/badgerkv"
	"accord/schema"
)

func stateRekeyCommand(e *env) *cobra.Command {
	var (
		from     schema.Secret
		fromNone bool
	)
	cmd := &cobra.Command{
		Use:   "rekey --from-env NAME | --from-file FILE | --from-none",
		Short: "Encrypt the state and the embedded accounts with the key that accord.yaml names now",
		Long: `Writes the state and the embedded accounts of the workspace anew, encrypted with
the key that spec.state.badger.encryptionKey in accord.yaml names, or not encrypted
where it names none. The flag says how they are encrypted so far. Whatever
happens meanwhile, they are there with the old key or with the new one.`,
		Args: cobra.NoArgs,
	}
	f := cmd.Flags()
	f.StringVar(&from.Env, "from-env", "", "the key so far is in the environment variable `NAME`")
	f.StringVar(&from.File, "from-file", "", "the key so far is in `FILE`")
	f.BoolVar(&fromNone, "from-none", false, "the state is not encrypted so far")
	cmd.MarkFlagsOneRequired("from-env", "from-file", "from-none")
	cmd.MarkFlagsMutuallyExclusive("from-env", "from-file", "from-none")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := e.atOnce(cmd.Context())
		defer stop()
		p, err := e.load(ctx)
		if err != nil {
			return err
		}
		was := schema.BadgerState{EncryptionKey: &from}
		if fromNone {
			was.EncryptionKey = nil
		}
		return p.rekey(ctx, was)
	}
	return cmd
}

// rekey brings the store from the encryption that it has to the one that is
// declared.
func (p *project) rekey(ctx context.Context, was schema.BadgerState) error {
	o, err := p.storeOptions()
	if err != nil {
		return err
	}
	key := o.EncryptionKey
	if o.EncryptionKey, err = p.encryptionKey(was); err != nil {
		return err
	}
	switch err := badgerkv.Rekey(ctx, o, key); {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no state in %s yet: nothing has to be encrypted anew", o.Dir)
	case errors.Is(err, badgerkv.ErrNotEncrypted):
		return fmt.Errorf("the state in %s is not encrypted so far: use --from-none", o.Dir)
	case errors.Is(err, badgerkv.ErrWrongKey):
		return fmt.Errorf("the state in %s is encrypted so far, and not with the key that is given: name that one with --from-env or --from-file", o.Dir)
	case err != nil:
		return err
	}
	now := "encrypted with the key that accord.yaml names"
	if len(key) == 0 {
		now = "not encrypted any more"
	}
	fmt.Fprintf(p.stderr, "The state and the embedded accounts of the workspace %s are %s.\n", p.workspace, now)
	return nil
}
