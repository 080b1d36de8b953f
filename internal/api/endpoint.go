package api

import "net/http"

// endpoints is the whole API; openapi.json says the same for the world.
func endpoints() []endpoint {
	const (
		v1   = "/api/v1"
		shop = v1 + "/shops/{shop}"
		get  = http.MethodGet
		post = http.MethodPost
		del  = http.MethodDelete

		door   = shop + "/credentials/{partner}"
		invite = shop + "/invitations"

		products = shop + "/products"
		promos   = shop + "/promotions"
		imports  = shop + "/imports"
		checks   = shop + "/checks/{kind}"
	)
	return []endpoint{
		{post, shop + "/events", Submit, (*API).appendEvents},
		{get, shop + "/orders", Read, sheet("orders", (*API).listOrders)},
		{get, shop + "/orders/{id}", Read, (*API).showOrder},
		{post, shop + "/orders/{id}/correct", Operate, (*API).correctOrder},
		{post, shop + "/orders/{id}/ship", Operate, (*API).shipOrder},
		{post, shop + "/orders/{id}/erase", Admin, (*API).eraseOrder},
		{del, shop + "/orders/{id}", Admin, (*API).eraseOrder},

		{get, shop + "/deliveries", Read, sheet("deliveries", (*API).listDeliveries)},
		{get, shop + "/stuck", Read, sheetBy("", "stuck", (*API).listStuck)},
		{post, shop + "/deliveries/retry", Operate, (*API).retryDeliveries},
		{post, shop + "/deliveries/drop", Operate, (*API).dropDeliveries},
		{post, shop + "/deliveries/hold", Operate, (*API).holdDeliveries},
		{post, shop + "/deliveries/release", Operate, (*API).releaseDeliveries},
		{post, shop + "/deliveries/send", Operate, (*API).sendOrder},

		{get, shop + "/routes", Read, sheetBy("", "routes", (*API).listRoutes)},
		{post, shop + "/routes", Admin, withConnections((*API).connectRoute)},
		{post, shop + "/try-route", Admin, withConnections((*API).tryNewRoute)},
		{get, shop + "/routes/{route}", Read, withConnections((*API).showRoute)},
		{http.MethodPut, shop + "/routes/{route}", Admin, withConnections((*API).changeRoute)},
		{del, shop + "/routes/{route}", Admin, withConnections((*API).disconnectRoute)},
		{post, shop + "/routes/{route}/try", Operate, withConnections((*API).tryRoute)},
		{post, shop + "/routes/{route}/rehearse", Operate, withConnections((*API).rehearseRoute)},
		{get, v1 + "/partners", Read, withConnections((*API).listRoutePartners)},
		{get, shop + "/routes/{route}/files", Read, sheetBy("", "files", (*API).listFiles)},
		{get, shop + "/routes/{route}/couriers", Read, (*API).listRouteCouriers},
		{get, shop + "/flow", Read, (*API).showFlow},
		{get, shop + "/tail", Read, (*API).tail},
		{get, shop + "/couriers", Read, sheetBy("", "couriers", (*API).listCouriers)},
		{get, shop + "/reconcile", Read, sheet("missing", (*API).reconcile)},
		{post, shop + "/routes/{route}/pause", Operate, (*API).pauseRoute},
		{post, shop + "/routes/{route}/resume", Operate, (*API).resumeRoute},
		{post, shop + "/routes/{route}/replay", Operate, (*API).replayRoute},
		{post, shop + "/routes/{route}/backfill", Operate, (*API).backfillRoute},
		{post, shop + "/routes/{route}/test", Operate, (*API).testRoute},
		{post, shop + "/routes/{route}/test-message", Operate, (*API).testMessage},

		{get, shop + "/verify", Operate, (*API).verifyShop},
		{get, shop + "/tokens", Admin, sheetBy("", "tokens", (*API).listTokens)},
		{post, shop + "/tokens", Admin, (*API).createToken},
		{post, shop + "/tokens/{name}/rotate", Admin, (*API).rotateToken},
		{del, shop + "/tokens/{name}", Admin, (*API).revokeToken},

		{get, door, Admin, sheetBy("", "credentials", ofCredential(listCredentials))},
		{post, door, Admin, ofCredential(createCredential)},
		{get, door + "/{name}", Admin, ofCredential(showCredential)},
		{http.MethodPatch, door + "/{name}", Admin, ofCredential(changeCredential)},
		{del, door + "/{name}", Admin, ofCredential(revokeCredential)},
		{post, door + "/{name}/rotate", Admin, ofCredential(rotateCredential)},
		{post, door + "/{name}/revoke-tokens", Admin, ofCredential(revokeTokensOf)},
		{get, shop + "/doors", Read, (*API).listDoors},
		{get, shop + "/refused", Read, sheet("refused", (*API).listRefused)},
		{get, shop + "/acts", Read, sheet("acts", (*API).listActs)},
		{get, shop + "/settings", Read, (*API).showShopSettings},
		{get, shop + "/retention", Read, (*API).showRetention},
		{post, shop + "/retention/run", Admin, (*API).runRetention},

		{get, invite, Read, sheet("invitations", (*API).listInvitations)},
		{get, invite + "/{order}", Read, (*API).showInvitation},
		{post, invite + "/{order}/cancel", Operate, (*API).cancelInvitation},
		{get, invite + "/settings", Read, withBook(showSettings)},
		{http.MethodPut, invite + "/settings", Operate, withBook(changeSettings)},
		{get, invite + "/templates", Read, withBook(listTemplates)},
		{http.MethodPut, invite + "/templates", Operate, withBook(putTemplate)},
		{del, invite + "/templates", Operate, withBook(deleteTemplate)},
		{post, invite + "/templates/preview", Read, withBook(previewTemplate)},
		{post, invite + "/templates/test", Operate, withBook(testTemplate)},
		{get, shop + "/reviews", Read, withBook(listReviews)},
		{get, shop + "/reviews/totals", Read, withBook(totalReviews)},

		{get, products, Read, sheet("products", withCatalog(listProducts))},
		{http.MethodPut, products, Operate, withCatalog(putProducts)},
		{get, products + "/{code}", Read, withCatalog(showProduct)},
		{del, products + "/{code}", Operate, withCatalog(deleteProduct)},
		{get, products + "/changes", Read, withCatalog(productChanges)},
		{post, products + "/stock", Operate, withCatalog(setStock)},
		{post, products + "/import", Operate, withCatalog(importProducts)},
		{post, products + "/activate", Operate, withCatalog(setActive(true))},
		{post, products + "/deactivate", Operate, withCatalog(setActive(false))},
		{post, shop + "/availability", Read, withCatalog(availability)},

		{get, promos, Read, sheetBy("before", "promotions", withPromotions(listPromotions))},
		{http.MethodPut, promos, Operate, putPromotion},
		{get, promos + "/{promotion}", Read, withPromotions(showPromotion)},
		{get, promos + "/jobs", Read, withPromotions(listPromotionJobs)},
		{get, promos + "/jobs/{job}", Read, withPromotions(showPromotionJob)},
		{get, promos + "/timeline", Read, withPromotions(promotionTimeline)},
		{get, promos + "/shown", Read, withPromotions(shownPromotions)},

		{post, shop + "/doors/{partner}/test-orders", Operate, (*API).testOrder},

		{get, shop + "/jobs", Read, sheet("jobs", (*API).listJobs)},
		{get, shop + "/jobs/{job}", Read, (*API).showJob},

		{get, imports, Read, sheet("imports", withImporter(listImports))},
		{post, imports, Operate, withImporter(uploadImport)},
		{get, imports + "/{id}", Read, withImporter(showImport)},
		{get, imports + "/{id}/preview", Read, withImporter(previewImport)},
		{http.MethodPut, imports + "/{id}/settings", Operate, withImporter(configureImport)},
		{post, imports + "/{id}/start", Operate, withImporter(startImport)},
		{post, imports + "/{id}/cancel", Operate, withImporter(cancelImport)},
		{get, imports + "/{id}/report", Read, withImporter(reportImport)},

		{get, checks, Read, sheet("checks", withChecker(listChecks))},
		{post, checks, Operate, withChecker(beginCheck)},
		{get, checks + "/{id}", Read, withChecker(showCheck)},
		{post, checks + "/{id}/cancel", Operate, withChecker(cancelCheck)},

		{get, shop + "/captures", Read, sheetBy("", "captures", withCaptures(listCaptures))},
		{post, shop + "/captures", Operate, withCaptures(startCapture)},
		{get, shop + "/captures/{id}", Read, withCaptures(showCapture)},
		{get, shop + "/captures/{id}/count", Read, withCaptures(countCapture)},
		{post, shop + "/captures/{id}/stop", Operate, withCaptures(stopCapture)},
		{get, shop + "/captures/{id}/export", Read, withCaptures(exportCapture)},

		{get, v1 + "/shops", Read, sheetBy("", "shops", (*API).listShops)},
		{get, v1 + "/alerts", Read, sheetBy("", "alerts", (*API).listAlerts)},
		{get, v1 + "/nodes", Read, sheetBy("", "nodes", (*API).listNodes)},
		{get, v1 + "/users", Admin, sheetBy("", "users", withPeople((*API).listUsers))},
		{post, v1 + "/users", Admin, withPeople((*API).inviteUser)},
		{http.MethodPatch, v1 + "/users/{name}", Admin, withPeople((*API).changeUser)},
		{del, v1 + "/users/{name}", Admin, withPeople((*API).removeUser)},
		{post, v1 + "/users/{name}/reset", Admin, withPeople((*API).resetUser)},
		{post, v1 + "/reload", Admin, (*API).reload},
		{post, v1 + "/backup", Admin, (*API).backup},
		{get, v1 + "/faults/{partner}", Operate, (*API).showFaults},
		{http.MethodPut, v1 + "/faults/{partner}", Operate, (*API).setFaults},
	}
}
