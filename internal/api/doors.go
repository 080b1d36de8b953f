package api

import (
	"net/http"
	"time"

	"github.com/ordermux/ordermux/internal/partner"
)

// Door is a partner's door as a shop's clients reach it.
type Door struct {
	Partner string     `json:"partner"`
	Title   string     `json:"title"`
	URL     string     `json:"url"`
	Own     string     `json:"own_listen,omitzero"` // an address at whose root the door answers, too
	Kinds   []DoorKind `json:"kinds"`
}

// DoorKind is a kind of a door's credentials at a shop.
type DoorKind struct {
	CredentialKind
	URL    string      `json:"url"`                // where clients use one; "": nowhere, there is no SFTP server
	Living int         `json:"living"`             // how many the shop has
	Used   time.Time   `json:"last_used,omitzero"` // when somebody came in with one of them last
	Fields []DoorField `json:"fields"`
}

// DoorField is a setting of a credential.
type DoorField struct {
	Name        string            `json:"name"`
	Description string            `json:"description"`
	Kind        partner.FieldKind `json:"kind"`
	Required    bool              `json:"required"`
	Default     string            `json:"default,omitzero"`
	Choices     []string          `json:"choices,omitzero"`
	Secret      bool              `json:"secret"`
	Made        bool              `json:"made"`  // made by the hub where nobody gives it
	Fixed       bool              `json:"fixed"` // can not be changed later: a secret that is kept as a digest hangs on it
}

// Receiver is an address of a route where its partner calls the shop.
type Receiver struct {
	Route   string `json:"route"`
	Partner string `json:"partner"`
	URL     string `json:"url"`
}

// Doors is the list of a shop's doors and receivers.
type Doors struct {
	Doors     []Door     `json:"doors"`
	Receivers []Receiver `json:"receivers"`
	API       string     `json:"api"` // where our own API is
}

func (a *API) listDoors(r *request) (any, error) {
	if a.Operator.Doors == nil {
		return nil, problemf(http.StatusNotFound, "this hub has no doors")
	}
	return a.Operator.Doors(r.Context(), r.shop)
}

// ShopSettings is what is configured of a shop, and of the hub it is in, without a
// secret.
type ShopSettings struct {
	Shop     Shop           `json:"shop"`
	Doors    []DoorSettings `json:"doors"` // where the shop has credentials in the configuration
	Couriers []string       `json:"couriers"`
	Hub      HubSettings    `json:"hub"`
}

// DoorSettings are the credentials of a door that the configuration has.
type DoorSettings struct {
	Partner     string   `json:"partner"`
	Credentials []string `json:"credentials"` // their names
}

// HubSettings are what is configured of the hub.
type HubSettings struct {
	File      string       `json:"file,omitzero"` // of the configuration
	Store     string       `json:"store"`         // "sqlite" or "postgres"
	PublicURL string       `json:"public_url"`
	Listen    []ListenedTo `json:"listen"`
	TLS       bool         `json:"tls"`
	SFTP      string       `json:"sftp,omitzero"` // address of the SFTP server
	Mail      bool         `json:"mail"`          // a mail server is configured
	Alerts    int          `json:"alerts"`        // channels that tell people
	Lag       int64        `json:"lag_seconds"`   // from when on a route lags
	Waiting   int64        `json:"waiting_seconds"`
	DiskFree  int64        `json:"disk_free_bytes"`
	SealKey   bool         `json:"seal_key"` // configured; false: in a file of the data folder
	Version   string       `json:"version,omitzero"`
}

// ListenedTo is an address that the hub answers on.
type ListenedTo struct {
	Door    string `json:"door,omitzero"` // a partner whose door stands at its root; absent: the main address
	Address string `json:"address"`
}

func (a *API) showShopSettings(r *request) (any, error) {
	if a.Operator.Settings == nil {
		return nil, problemf(http.StatusNotFound, "this hub tells nothing of its configuration")
	}
	return a.Operator.Settings(r.Context(), r.shop)
}
