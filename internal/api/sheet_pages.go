package api

import "strconv"

// The lists that sheet writes whole, each with the cursor of its next page.

var _ = []page{
	Orders{}, Deliveries{}, Missing{}, Products{}, Jobs{}, PromotionList{}, Invitations{}, CaptureList{}, TokenList{}, CredentialList{}, Routes{}, RouteFiles{},
	Couriers{}, Acts{}, RefusedCalls{}, Shops{}, Alerts{}, Nodes{}, Users{},
}

func (p Orders) rows() (any, string)     { return p.Orders, p.Next }
func (p Deliveries) rows() (any, string) { return p.Deliveries, p.Next }
func (p Missing) rows() (any, string)    { return p.Missing, p.Next }
func (p Products) rows() (any, string)   { return p.Products, p.Next }
func (p Jobs) rows() (any, string)       { return p.Jobs, p.Next }
func (p Acts) rows() (any, string)       { return p.Acts, p.Next }

func (p Invitations) rows() (any, string)    { return p.Invitations, p.Next }
func (p CaptureList) rows() (any, string)    { return p.Captures, "" }
func (p TokenList) rows() (any, string)      { return p.Tokens, "" }
func (p CredentialList) rows() (any, string) { return p.Credentials, "" }
func (p Routes) rows() (any, string)         { return p.Routes, "" }
func (p RouteFiles) rows() (any, string)     { return p.Files, "" }
func (p RefusedCalls) rows() (any, string)   { return p.Calls, "" }
func (p Couriers) rows() (any, string)       { return p.Couriers, "" }
func (p Shops) rows() (any, string)          { return p.Shops, "" }
func (p Alerts) rows() (any, string)         { return p.Alerts, "" }
func (p Nodes) rows() (any, string)          { return p.Nodes, "" }
func (p Users) rows() (any, string)          { return p.Users, "" }

func (p PromotionList) rows() (any, string) {
	if p.Next == 0 {
		return p.Promotions, ""
	}
	return p.Promotions, strconv.FormatInt(p.Next, 10)
}
