package delivery

// Act is what planned a delivery: the log, or somebody's command.
type Act int8

// The acts. Backfills and replays yield to live traffic.
const (
	ActLive     Act = iota // an event that the route read
	ActBackfill            // Engine.Backfill
	ActReplay              // Engine.Replay: sent again on purpose
	ActRetry               // Engine.Retry
	ActSend                // Engine.Send: past the rules of time
)

// bulk reports whether deliveries of this act yield to live traffic.
func (a Act) bulk() bool { return a == ActBackfill || a == ActReplay }
