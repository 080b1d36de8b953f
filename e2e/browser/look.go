package browser

import (
	"context"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/ordermux/ordermux/internal/json"
)

// Violation is what axe finds.
type Violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Nodes  []string `json:"nodes"`
}

// Violations looks at the page with axe; where rules are named, for these alone.
func (b *Tab) Violations(rules ...string) []Violation {
	b.Helper()
	only := ""
	if len(rules) > 0 {
		only = `, runOnly: ["` + strings.Join(rules, `", "`) + `"]`
	}
	if !Ask[bool](b, `!!window.axe`) {
		source, err := b.axe()
		if err != nil {
			b.Fatal(err)
		}
		b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
			_, err := chromedp.Run(ctx, chromedp.Evaluate[any](source))
			return err
		}))
	}
	return Ask[[]Violation](b, `axe.run(document, {preload: false, resultTypes: ["violations"]`+only+`}).then(r => r.violations.map(v =>
		({id: v.id, impact: v.impact, nodes: v.nodes.map(n => n.html + " " + n.failureSummary)})))`)
}

// Accessible looks at the page as it stands with axe, by day and by night, and
// whether it fits the screen.
func (b *Tab) Accessible(name string) {
	b.Helper()
	for _, scheme := range []string{"light", "dark"} {
		b.Scheme(scheme)
		for _, v := range b.Violations() {
			b.Errorf("%s, %s: axe finds %s (%s): %s", name, scheme, v.ID, v.Impact, strings.Join(v.Nodes, "\n"))
		}
	}
	b.Scheme("light")
	if wide := Ask[int](b, `document.documentElement.scrollWidth - window.innerWidth`); wide > 0 {
		b.Errorf("%s: %d pixels wider than the screen", name, wide)
	}
}

// misfits finds what does not fit: a page that is wider than the screen, a text
// that is cut off or squeezed, elements with texts of their own that lie upon
// each other.
const misfits = `() => {
	const found = [];
	const wide = document.documentElement.scrollWidth - window.innerWidth;
	if (wide > 0) found.push("the page is " + wide + " pixels wider than the screen");
	const say = e => e.tagName.toLowerCase() + " " + JSON.stringify((e.innerText || "").trim().slice(0, 60));
	const seen = e => e.checkVisibility({visibilityProperty: true}) && !e.closest(".hidden, .skip, svg, option");
	const texts = [];
	for (const e of document.body.querySelectorAll("*")) {
		if (!seen(e)) continue;
		const style = getComputedStyle(e);
		const box = e.getBoundingClientRect();
		const scrolls = ["auto", "scroll"].includes(style.overflowX);
		// What is typed scrolls in its field.
		if (!scrolls && !e.matches("input, select, textarea") && style.overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0) found.push("cut off: " + say(e));
		if (window.innerWidth < 950 && e.scrollWidth > e.clientWidth + 1 && e.matches(".scroll") && e.querySelector("table")) found.push("a table that scrolls sideways: " + say(e));
		if (box.right > window.innerWidth + 1 && !e.closest(".scroll, pre, [class*=scroll]")) found.push("beyond the edge: " + say(e));
		if (e.matches("input:not([type=checkbox], [type=radio], [type=hidden]), select, textarea")) texts.push({e, r: box});
		const own = [...e.childNodes].filter(n => n.nodeType === 3 && n.data.trim());
		for (const n of own) {
			const range = document.createRange();
			range.selectNodeContents(n);
			if (box.width < 64 && range.getClientRects().length > n.data.trim().split(/\s+/).length) found.push("words broken in a narrow column: " + say(e));
			for (const r of range.getClientRects()) if (r.width > 1 && r.height > 1) texts.push({e, r});
		}
	}
	texts.sort((a, b) => a.r.top - b.r.top);
	for (let i = 0; i < texts.length; i++) {
		for (let k = i + 1; k < texts.length && texts[k].r.top < texts[i].r.bottom - 4; k++) {
			const a = texts[i], b = texts[k];
			const across = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
			const down = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
			// Lines are higher than their letters, and boxes that scroll hide what is in them from others.
			if (across > 3 && down > 6 && a.e !== b.e && a.e.closest(".scroll, pre") === b.e.closest(".scroll, pre")) found.push("upon each other: " + say(a.e) + ", " + say(b.e));
		}
	}
	return [...new Set(found)].slice(0, 20);
}`

// Misfits says what of the page does not fit the window: scrolling sideways,
// texts that are cut off or lie upon each other.
func (b *Tab) Misfits() []string {
	b.Helper()
	return Ask[[]string](b, `(`+misfits+`)()`)
}

// translated shows the page as the server has it in another language, for as
// long as somebody looks, and what a policy would refuse of it.
const translated = `async (lang, look) => {
	window.translations ??= {};
	if (!translations[lang]) {
		const answer = await fetch(location.href, {headers: {"Accept-Language": lang}});
		const said = new DOMParser().parseFromString(await answer.text(), "text/html");
		if (!answer.ok || said.documentElement.lang !== lang) return ["answered " + answer.status + " in " + said.documentElement.lang];
		translations[lang] = document.adoptNode(said.body);
	}
	const [here, there, html] = [document.body, translations[lang], document.documentElement];
	const was = html.lang;
	html.lang = lang;
	here.replaceWith(there);
	try {
		return [...look(), ...[...there.querySelectorAll("[style], style, script:not([src])")].map(e => "refused by the policy: " + e.outerHTML.slice(0, 200))];
	} finally {
		there.replaceWith(here);
		html.lang = was;
	}
}`

// MisfitsIn says so of the page in another language, without opening it anew:
// what scripts draw is missing there.
func (b *Tab) MisfitsIn(lang string) []string {
	b.Helper()
	return Ask[[]string](b, `(`+translated+`)(`+quoted(lang)+`, `+misfits+`)`)
}

// Tree is the page as a screen reader has it: a line for each role with its
// name, indented.
func (b *Tab) Tree() string {
	b.Helper()
	var nodes []*accessibility.Node
	b.Do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		got, err := cdp.Call(ctx, t, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		nodes = got.Nodes
		return err
	}))
	if len(nodes) == 0 {
		b.Fatal("the page has no accessibility tree")
	}
	w := treeWriter{byID: map[accessibility.NodeID]*accessibility.Node{}}
	for _, n := range nodes {
		w.byID[n.NodeID] = n
	}
	w.write(nodes[0], 0)
	return w.out.String()
}

type treeWriter struct {
	byID map[accessibility.NodeID]*accessibility.Node
	out  strings.Builder
}

// silent are roles that say nothing by themselves.
var silent = map[string]bool{"none": true, "generic": true, "InlineTextBox": true, "StaticText": true, "LineBreak": true}

func (w *treeWriter) write(n *accessibility.Node, depth int) {
	role := textOf(n.Role)
	if !n.Ignored && !silent[role] {
		fmt.Fprintf(&w.out, "%s%s %q\n", strings.Repeat("  ", depth), role, textOf(n.Name))
		depth++
	}
	for _, id := range n.ChildIDs {
		if child := w.byID[id]; child != nil {
			w.write(child, depth)
		}
	}
}

func textOf(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var text string
	if err := json.Unmarshal(v.Value, &text); err != nil {
		return string(v.Value) // a number
	}
	return text
}
