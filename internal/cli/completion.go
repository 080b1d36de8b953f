package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish" placeholder:"SHELL"`
}

// Help is shown with --help.
func (*completionCmd) Help() string {
	return `bash: echo 'source <(ordermux completion bash)' >> ~/.bashrc
zsh:  ordermux completion zsh > "${fpath[1]}/_ordermux"
fish: ordermux completion fish > ~/.config/fish/completions/ordermux.fish`
}

// Run prints the script.
func (c *completionCmd) Run(env *Env, k *kong.Context) error {
	script := map[string]func([]topic) string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[c.Shell]
	_, err := fmt.Fprint(env.Out, script(topics(k.Model.Node)))
	return err
}

// topic is one command as scripts and the manual see it.
type topic struct {
	path  []string // its words, without the program's; none: the program itself
	node  *kong.Node
	subs  []*kong.Node // commands below it
	flags []*kong.Flag // its own and those of the commands above it, by name
}

// name is the topic's words with sep between them.
func (t topic) name(sep string) string { return strings.Join(t.path, sep) }

// topics lists the program and its commands, each before those below it.
func topics(program *kong.Node) []topic {
	var out []topic
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		t := topic{path: path, node: n}
		for _, group := range n.AllFlags(true) {
			for _, f := range group {
				if !slices.ContainsFunc(t.flags, func(g *kong.Flag) bool { return g.Name == f.Name }) {
					t.flags = append(t.flags, f)
				}
			}
		}
		slices.SortFunc(t.flags, func(a, b *kong.Flag) int { return cmp.Compare(a.Name, b.Name) })
		for _, c := range n.Children {
			if c.Type == kong.CommandNode && !c.Hidden {
				t.subs = append(t.subs, c)
			}
		}
		out = append(out, t)
		for _, c := range t.subs {
			walk(c, append(slices.Clone(path), c.Name))
		}
	}
	walk(program, nil)
	return out
}

// long are the flags' names as they are typed.
func (t topic) long() []string {
	var out []string
	for _, f := range t.flags {
		out = append(out, "--"+f.Name)
	}
	return out
}

// words are the commands below.
func (t topic) words() []string {
	var out []string
	for _, c := range t.subs {
		out = append(out, c.Name)
	}
	return out
}

// choices are the values that a flag or an argument may have; nil: any.
func choices(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return v.EnumSlice()
}

// isFile reports whether a flag or an argument names a file or folder.
func isFile(v *kong.Value, placeholder string) bool {
	return v.Tag != nil && v.Tag.Type == "path" || placeholder == "FILE" || placeholder == "DIR"
}

// takes reports whether a flag is followed by its value.
func takes(f *kong.Flag) bool { return !f.IsBool() && !f.IsCounter() }

// argument is the command's first argument; nil: it takes none.
func (t topic) argument() *kong.Positional {
	if len(t.node.Positional) == 0 {
		return nil
	}
	return t.node.Positional[0]
}

// bashHead and bashTail are around the tables of words.
const (
	bashHead = `# Completion of ordermux for bash: source <(ordermux completion bash)
_ordermux() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local path= words= flags= values= files= i w
	COMPREPLY=()
	# Bash cuts --flag=value into three words.
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = && $COMP_CWORD -gt 2 ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	# The command is what stands before the cursor, without flags and their values.
	for ((i = 1; i < COMP_CWORD; i++)); do
		w=${COMP_WORDS[i]}
		case "$w" in
		-*) continue ;;
		esac
		case "$path/$w" in
`
	bashMiddle = `		esac
	done
	case "$path" in
`
	bashTail = `	esac
	case "$path $prev" in
`
	bashEnd = `	esac
	if [[ -n $values ]]; then
		COMPREPLY=($(compgen -W "$values" -- "$cur"))
	elif [[ -n $files ]]; then
		COMPREPLY=($(compgen -f -- "$cur"))
	elif [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$flags" -- "$cur"))
	elif [[ -n $words ]]; then
		COMPREPLY=($(compgen -W "$words" -- "$cur"))
	else
		COMPREPLY=($(compgen -f -- "$cur"))
	fi
}
complete -o filenames -o bashdefault -F _ordermux ordermux
`
)

// bashScript makes the script for bash.
func bashScript(list []topic) string {
	var b strings.Builder
	b.WriteString(bashHead)
	for _, t := range list {
		for _, sub := range t.subs {
			at := strings.TrimPrefix(t.name("/")+"/"+sub.Name, "/")
			fmt.Fprintf(&b, "\t\t'%s/%s') path='%s' ;;\n", t.name("/"), sub.Name, at)
		}
	}
	b.WriteString(bashMiddle)
	for _, t := range list {
		words := t.words()
		if a := t.argument(); len(words) == 0 && a != nil {
			words = choices(a)
		}
		fmt.Fprintf(&b, "\t'%s') words='%s' flags='%s' ;;\n", t.name("/"), strings.Join(words, " "), strings.Join(t.long(), " "))
	}
	b.WriteString(bashTail)
	for _, t := range list {
		for _, f := range t.flags {
			at := t.name("/") + " --" + f.Name
			switch {
			case len(choices(f.Value)) > 0:
				fmt.Fprintf(&b, "\t'%s') values='%s' ;;\n", at, strings.Join(choices(f.Value), " "))
			case takes(f) && isFile(f.Value, f.PlaceHolder):
				fmt.Fprintf(&b, "\t'%s') files=1 ;;\n", at)
			case takes(f):
				fmt.Fprintf(&b, "\t'%s') return ;;\n", at)
			}
		}
	}
	b.WriteString(bashEnd)
	return b.String()
}

// zshScript makes the script for zsh: a function of its own for each command.
func zshScript(list []topic) string {
	var b strings.Builder
	b.WriteString("#compdef ordermux\n# Completion of ordermux for zsh: ordermux completion zsh > \"${fpath[1]}/_ordermux\"\n\n")
	for _, t := range list {
		fmt.Fprintf(&b, "%s() {\n", zshName(t))
		if len(t.subs) > 0 {
			b.WriteString("\tlocal -a commands\n\tlocal state line\n\tcommands=(\n")
			for _, sub := range t.subs {
				fmt.Fprintf(&b, "\t\t%s\n", quoted(sub.Name+":"+sub.Help))
			}
			b.WriteString("\t)\n")
		}
		b.WriteString("\t_arguments -C \\\n")
		for _, f := range t.flags {
			fmt.Fprintf(&b, "\t\t%s \\\n", quoted(zshFlag(f)))
		}
		if len(t.subs) == 0 {
			fmt.Fprintf(&b, "\t\t%s\n}\n\n", quoted(zshArgument(t)))
			continue
		}
		b.WriteString("\t\t'1: :->command' \\\n\t\t'*:: :->rest'\n\tcase $state in\n")
		b.WriteString("\tcommand) _describe command commands ;;\n\trest)\n\t\tcase $line[1] in\n")
		for _, sub := range t.subs {
			fmt.Fprintf(&b, "\t\t%s) %s ;;\n", sub.Name, zshName(topic{path: append(slices.Clone(t.path), sub.Name)}))
		}
		b.WriteString("\t\tesac ;;\n\tesac\n}\n\n")
	}
	b.WriteString("_ordermux \"$@\"\n")
	return b.String()
}

func zshName(t topic) string {
	return strings.ReplaceAll(strings.TrimSuffix("_ordermux_"+t.name("_"), "_"), "-", "_")
}

// zshFlag is a flag as _arguments takes it.
func zshFlag(f *kong.Flag) string {
	repeated := ""
	if f.IsSlice() {
		repeated = "*"
	}
	return repeated + "--" + f.Name + zshValue(f)
}

func zshValue(f *kong.Flag) string {
	text := "[" + strings.NewReplacer("[", "(", "]", ")", ":", " -").Replace(f.Help) + "]"
	switch {
	case !takes(f):
		return text
	case len(choices(f.Value)) > 0:
		return "=" + text + ":value:(" + strings.Join(choices(f.Value), " ") + ")"
	case isFile(f.Value, f.PlaceHolder):
		return "=" + text + ":file:_files"
	}
	return "=" + text + ":value: "
}

func zshArgument(t topic) string {
	a := t.argument()
	switch {
	case a == nil:
		return "*: : "
	case len(choices(a)) > 0:
		return "*:" + a.Name + ":(" + strings.Join(choices(a), " ") + ")"
	case isFile(a, a.Tag.PlaceHolder):
		return "*:" + a.Name + ":_files"
	}
	return "*:" + a.Name + ": "
}

// fishScript makes the script for fish.
func fishScript(list []topic) string {
	var b strings.Builder
	b.WriteString(`# Completion of ordermux for fish: ordermux completion fish > ~/.config/fish/completions/ordermux.fish
function __ordermux_at
	# The command before the cursor is exactly this one, whatever flags are between.
	set -l words (commandline -opc)
	set -l path
	for w in $words[2..-1]
		switch $w
		case '-*'
			continue
		end
		if contains -- (string join ' ' $path $w) $__ordermux_commands
			set -a path $w
		end
	end
	set -l at (string join ' ' $path) # nothing at all where no command is there yet
	test "$at" = "$argv"
end
complete -c ordermux -f
set -g __ordermux_commands`)
	for _, t := range list[1:] {
		b.WriteString(" " + fishQuoted(t.name(" ")))
	}
	b.WriteString("\n")
	for _, t := range list {
		at := fishQuoted(strings.TrimSpace("__ordermux_at " + t.name(" ")))
		for _, sub := range t.subs {
			fmt.Fprintf(&b, "complete -c ordermux -n %s -a %s -d %s\n", at, sub.Name, fishQuoted(sub.Help))
		}
		if a := t.argument(); a != nil && len(t.subs) == 0 {
			if list := choices(a); len(list) > 0 {
				fmt.Fprintf(&b, "complete -c ordermux -n %s -a %s\n", at, fishQuoted(strings.Join(list, " ")))
			} else if isFile(a, a.Tag.PlaceHolder) {
				fmt.Fprintf(&b, "complete -c ordermux -n %s -F\n", at)
			}
		}
		for _, f := range t.flags {
			fmt.Fprintf(&b, "complete -c ordermux -n %s -l %s%s -d %s\n", at, f.Name, fishValue(f), fishQuoted(f.Help))
		}
	}
	return b.String()
}

func fishValue(f *kong.Flag) string {
	out := ""
	if f.Short != 0 {
		out = " -s " + string(f.Short)
	}
	switch {
	case !takes(f):
		return out
	case len(choices(f.Value)) > 0:
		return out + " -xa " + fishQuoted(strings.Join(choices(f.Value), " "))
	case isFile(f.Value, f.PlaceHolder):
		return out + " -rF"
	}
	return out + " -x"
}

// quoted puts a text into single quotes, as bash and zsh read them.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fishQuoted is quoted as fish reads it.
func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}
