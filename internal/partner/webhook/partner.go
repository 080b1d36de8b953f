// Package webhook is the generic route to whatever takes HTTP: it posts each
// accepted event as canonical JSON, signed as Standard Webhooks
// (https://www.standardwebhooks.com), one per call or in batches. README.md
// describes it to receivers.
package webhook

import (
	"github.com/ordermux/ordermux/internal/partner"
)

// Partner is the generic webhook. It has no door.
var Partner = partner.Partner{
	Name:  "webhook",
	Title: "Webhook (Standard Webhooks)",
	Settings: []partner.Field{
		{Name: "url", Route: true, Kind: partner.URL, Required: true,
			Description: "Address that takes the events by POST."},
		{Name: "secret", Route: true, Kind: partner.Text, Required: true, Secret: true,
			Description: "Secret that signs the messages: whsec_ and base64, or the raw key."},
		{Name: "secret_previous", Route: true, Kind: partner.Text, Secret: true,
			Description: "The secret before, while it is being changed: messages then carry a signature by each."},
		{Name: "batch", Route: true, Kind: partner.Int, Default: "1",
			Description: "Events per call, 1 to 100. More than 1: the body is {\"events\":[…]}, also for a single one."},
		{Name: "repeats", Route: true, Kind: partner.Text, Default: repeatsAllowed, Choices: []string{repeatsAllowed, repeatsNever},
			Description: "never: for a receiver that can not recognise a repeat by its id. A call of unknown outcome is then left to a person."},
		{Name: "timeout", Route: true, Kind: partner.Duration, Default: "15s",
			Description: "How long the receiver may take to answer, 1s to 5m."},
		{Name: "headers", Route: true, Kind: partner.List,
			Description: "Headers to add, each as \"Name: value\". Nothing secret: they show in evidence."},
		{Name: "authorization", Route: true, Kind: partner.Text, Secret: true,
			Description: "Value of an Authorization header to add, such as Bearer and a token."},
	},
	Route: newRoute,
}
