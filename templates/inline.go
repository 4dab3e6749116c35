package templates

import (
	"html/template"
	"slices"
	"text/template/parse"
)

// inline puts templates in where they are called: those that are nothing but
// text, such as icons, and those that are called with the dot that the template
// around them has, such as the blocks of the layout. It is done before
// html/template looks at the page, so that it has all in its place before it.
func inline(page *template.Template) {
	in := inliner{page, nil}
	for _, t := range page.Templates() {
		if t.Tree != nil {
			in.list(t.Tree.Root, true)
		}
	}
}

type inliner struct {
	page *template.Template
	open []string // the templates that are being put in, which may call themselves
}

// list puts templates in that are called in a list. Root reports that the dot is
// that of the whole template.
func (in *inliner) list(list *parse.ListNode, root bool) {
	if list == nil {
		return
	}
	var nodes []parse.Node
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.IfNode:
			in.list(node.List, root)
			in.list(node.ElseList, root)
		case *parse.WithNode:
			in.list(node.List, false)
			in.list(node.ElseList, root)
		case *parse.RangeNode:
			in.list(node.List, false)
			in.list(node.ElseList, root)
		case *parse.TemplateNode:
			if called := in.called(node, root); called != nil {
				nodes = append(nodes, called.Nodes...)
				continue
			}
		}
		nodes = append(nodes, node)
	}
	list.Nodes = nodes
}

// called returns a copy of the nodes to put in, or nil where a call has to stay.
func (in *inliner) called(node *parse.TemplateNode, root bool) *parse.ListNode {
	t := in.page.Lookup(node.Name)
	if t == nil || t.Tree == nil || slices.Contains(in.open, node.Name) {
		return nil
	}
	if node.Pipe != nil && node.Pipe.String() != "." {
		return nil
	}
	same := root && node.Pipe != nil
	list := t.Tree.Root.CopyList()
	for _, node := range list.Nodes {
		action, isAction := node.(*parse.ActionNode)
		if isAction && len(action.Pipe.Decl) > 0 || !same && node.Type() != parse.NodeText {
			return nil
		}
	}
	in.open = append(in.open, node.Name)
	in.list(list, true)
	in.open = in.open[:len(in.open)-1]
	return list
}
