// Accord brings the accounts of a multi-account CRM organization into accord
// with what a team has committed to git.
//
// This package declares the commands, one file each: flags, call, show. It
// wires the packages that do the work (project.go, store.go) and turns their
// errors into exit codes (exit.go). It decides nothing.
//
// Results go to stdout; progress, logs, warnings and errors go to stderr.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"accord/cmd/accord/view"
)

func main() {
	collectLate(os.Getenv)
	os.Exit(run(osEnv(), os.Args[1:]))
}

// osEnv is the environment of the process.
func osEnv() *env {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	return &env{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: time.Now, signals: signals,
		terminal: func(stream any) (width int, ok bool) {
			f, isFile := stream.(*os.File)
			if !isFile || !term.IsTerminal(int(f.Fd())) {
				return 0, false
			}
			w, _, err := term.GetSize(int(f.Fd()))
			return w, err == nil
		},
	}
}

// run runs one command line and returns its exit code.
func run(e *env, args []string) int {
	ctx, stop := e.interruptible(context.Background())
	defer stop()
	root := rootCommand(e)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	code := e.exitCode(err)
	var quiet *quietError
	if err != nil && !errors.As(err, &quiet) {
		view.Error(e.stderr, err, e.style(e.stderr))
	}
	return code
}

// commands are all of them, in the order of the help.
var commands = []func(*env) *cobra.Command{
	initCommand,
	fmtCommand,
	validateCommand,
	planCommand,
	showCommand,
	applyCommand,
	destroyCommand,
	driftCommand,
	importCommand,
	stateCommand,
	accountsCommand,
	graphCommand,
	rulesCommand,
	explainCommand,
	schemaCommand,
	crmCommand,
	versionCommand,
}

func rootCommand(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "accord",
		Short: "Bring the accounts of a CRM organization into accord with what is declared in git",
		Long: `Accord brings the accounts of a multi-account CRM organization into accord with
what a team has declared in YAML: validate checks it against every rule of the
vendors, plan shows what would change and what that sets off, apply carries it
out and never loses its place.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noSuchCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetIn(e.stdin)
	root.SetOut(e.stdout)
	root.SetErr(e.stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{err, cmd.CommandPath()}
	})
	f := root.PersistentFlags()
	f.StringVarP(&e.dir, "chdir", "C", ".", "the project's `DIR`, the one with accord.yaml")
	f.StringVar(&e.workspace, "workspace", defaultWorkspace, "the `NAME` of a state and accounts of its own")
	f.BoolVar(&e.noColor, "no-color", false, "no color")
	f.BoolVar(&e.input, "input", true, "ask where something has to be approved")
	f.StringVar(&e.logLevel, "log-level", "warn", "least `LEVEL` of what is logged: debug, info, warn, error")
	f.StringVar(&e.logFormat, "log-format", "text", "`FORMAT` of the log: text, json")
	e.lockTimeout = defaultLockTimeout
	f.Var((*wait)(&e.lockTimeout), "lock-timeout", "how long to wait for another command")
	for _, c := range commands {
		root.AddCommand(c(e))
	}
	completion(root)
	return root
}

// completion adds cobra's own command, which would answer an unknown shell with
// its help.
func completion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.Short = "Write the completion of commands and flags for a shell"
			cmd.Args, cmd.RunE = noSuchCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
}
