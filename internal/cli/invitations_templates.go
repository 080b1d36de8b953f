package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/ordermux/ordermux/internal/api"
	"github.com/ordermux/ordermux/internal/review"
)

type invitationsTemplatesCmd struct {
	List    templatesListCmd    `cmd:"" default:"withargs" help:"List the templates."`
	Put     templatesPutCmd     `cmd:"" help:"Keep a template of the shop's own; one of the same name is replaced."`
	Delete  templatesDeleteCmd  `cmd:"" help:"Remove a template of the shop's own."`
	Preview templatesPreviewCmd `cmd:"" help:"Show a mail with the data of an order that nobody placed."`
	Test    templatesTestCmd    `cmd:"" help:"Mail a template to your own people."`
}

type templatesListCmd struct {
	ofShop
	asJSON
}

// Run lists the templates.
func (c *templatesListCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	list, err := client.Templates(ctx, shop)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(list)
	}
	t := table(env.Out)
	row(t, "ID", "NAME", "KIND", "LOCALE", "DEFAULT", "WHOSE", "SUBJECT")
	for _, m := range list.Templates {
		whose, standard := "the shop's", ""
		if m.Shipped {
			whose = "shipped"
		}
		if m.Default {
			standard = "yes"
		}
		row(t, m.ID, m.Name, m.Kind, m.Locale, standard, whose, short(m.Subject, 50))
	}
	return t.Flush()
}

type templatesPutCmd struct {
	Name    string `arg:"" help:"Name of the template." placeholder:"NAME"`
	Kind    string `help:"shop, products, both or reminder." required:"" enum:"shop,products,both,reminder" placeholder:"KIND"`
	Locale  string `help:"Its language, such as sv or sv-SE." required:"" placeholder:"LOCALE"`
	Subject string `help:"Its subject; a Go template." required:"" placeholder:"TEXT"`
	Text    string `help:"File with its text; a Go template." required:"" placeholder:"FILE" type:"existingfile"`
	HTML    string `help:"File with its HTML; none: text alone." name:"html" placeholder:"FILE" type:"existingfile"`
	Default bool   `help:"Use it where nobody names another, for its kind and locale."`
	ofShop
	asJSON
}

// Run keeps a template.
func (c *templatesPutCmd) Run(ctx context.Context, env *Env) error {
	in := api.NewTemplate{Name: c.Name, Kind: c.Kind, Locale: c.Locale, Default: c.Default, Subject: c.Subject}
	for file, to := range map[string]*string{c.Text: &in.Text, c.HTML: &in.HTML} {
		if file == "" {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read template: %w", err)
		}
		*to = string(b)
	}
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	kept, err := client.PutTemplate(ctx, shop, in)
	if err != nil {
		return err
	}
	if c.JSON {
		return env.printJSON(kept)
	}
	fmt.Fprintf(env.Out, "template %s is kept as %s\n", kept.Name, kept.ID)
	return nil
}

// ofTemplate are the flags of commands about one template.
type ofTemplate struct {
	ID string `arg:"" help:"Id of the template." placeholder:"ID"`
	ofShop
}

func (c ofTemplate) unknown(err error, shop string) error {
	return notFound(err, "template %s is not known at shop %s", c.ID, shop)
}

type templatesDeleteCmd struct{ ofTemplate }

// Run removes a template.
func (c *templatesDeleteCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	if err := client.DeleteTemplate(ctx, shop, c.ID); err != nil {
		return c.unknown(err, shop)
	}
	fmt.Fprintf(env.Out, "template %s is removed\n", c.ID)
	return nil
}

type templatesPreviewCmd struct {
	ofTemplate
	HTML bool `help:"Print the HTML instead of the text." name:"html"`
	asJSON
}

// Run shows a mail.
func (c *templatesPreviewCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	l, err := client.PreviewTemplate(ctx, shop, c.ID)
	switch {
	case err != nil:
		return c.unknown(err, shop)
	case c.JSON:
		return env.printJSON(l)
	case c.HTML:
		_, err = fmt.Fprintln(env.Out, l.HTML)
		return err
	}
	return env.printLetter(l)
}

func (env *Env) printLetter(l review.Letter) error {
	_, err := fmt.Fprintf(env.Out, "From: %s <%s>\nReply-To: %s\nSubject: %s\n\n%s\n", l.Sender, l.From, l.ReplyTo, l.Subject, l.Text)
	return err
}

type templatesTestCmd struct {
	ofTemplate
	To string `help:"Address that gets the mail." required:"" placeholder:"ADDRESS"`
}

// Run mails a template.
func (c *templatesTestCmd) Run(ctx context.Context, env *Env) error {
	client, shop, err := c.client(ctx, env)
	if err != nil {
		return err
	}
	l, err := client.TestTemplate(ctx, shop, c.ID, c.To)
	if err != nil {
		return c.unknown(err, shop)
	}
	fmt.Fprintf(env.Out, "%q went to %s\n", l.Subject, c.To)
	return nil
}
