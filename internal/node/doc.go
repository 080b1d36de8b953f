// Package node makes several equal hubs of one database: each keeps a heartbeat
// row, owns its even share of the shops, and passes on what only the owner of a
// shop can do.
//
// # How it hangs together
//
//   - A node beats once a second. While its beats succeed it has a Lease. Its own
//     view of the lease ends a quarter earlier than the others' and counts from
//     before the beat was sent, by the monotonic and by the wall clock.
//   - Who sees a row silent for a whole lease, while its own beats went through,
//     marks it ended. An ended row never beats again: a node that was cut off or
//     frozen joins anew under another id, and what it owned is anybody's.
//   - A shop changes hands by one statement that raises its epoch (see
//     delivery.Store.OpenRoutes for what the epoch fences). From a living node
//     it goes only after that node's engine has yielded it, from an ended one
//     only after the lease was over: so two nodes never deliver for one shop.
//   - A node whose lease ended has its engine drop all shops before it may call
//     again, and raises the epochs of those that are still its own.
//   - Everybody computes the same spread from the same rows; nobody leads.
//   - Hints (NOTIFY) make it quick, looks once a second make it sure. No hint is
//     sent inside a transaction that writes anything else.
//
// # Wiring
//
//	lease := node.NewLease()
//	var n *node.Node // made below; nothing calls it before Run
//	engine := delivery.New(delivery.Options{…, Shared: true, Lease: lease, Now: store.Now,
//		Lost:   func(shop string) { n.Lost(shop) },
//		Agreed: func() bool { return n.Agreed() },
//	})
//	n = node.New(node.Options{
//		Store: store.Nodes(), Engine: engine, Lease: lease, // *postgres.Store
//		Name: hostname, Version: version,
//		Report:    func() node.Report { … }, // config digest, totals for summed metrics; each beat
//		Observe:   …,                        // log lines, metrics; Event.Kind says what
//		Elsewhere: delivery.ErrElsewhere,    // "not my shop": the command waits for the next owner
//		Errors:    map[string]error{"…": …}, // further errors that keep their kind on the way back
//	})
//	n.Handle("route.pause", func(ctx context.Context, shop string, args []byte) ([]byte, error) { … })
//
// At the start: engine.SetRoutes, then n.SetShops(configured shops), then
// engine.Run and n.Run in goroutines of their own, each with its own context.
// The reserved shop Hub is always among the shops: Owner(Hub) tells which node
// does what must be done once in the whole hub. After a reload: engine.SetRoutes
// first, then n.SetShops; a shop that is in no configuration is owned by nobody.
//
// At the stop: end the context of n.Run first and wait for it to return (it hands
// every shop over and leaves; at most Options.Drain), only then that of
// engine.Run, then close the store.
//
// Whoever calls engine.Notify after an append today calls n.Appended(shop, head)
// instead.
//
// What only the owner can do (pause a route): n.Ask(ctx, shop, kind, args) runs
// the handler here if the shop is owned here, otherwise there, and returns what
// it returned. Errors keep their kind: those of package order, *order.Invalid
// and Options.Errors; ErrNobody (an order.ErrBusy: 503) if no node took it in
// time: nothing was done; ErrUnknown if the node that took it ended. What all
// nodes do (reload): n.AskAll, with ErrSilent for one that did not take it.
// Handlers run in goroutines, some at a time; their context ends with the lease.
// n.Nodes(ctx) is for GET /api/v1/nodes.
package node
