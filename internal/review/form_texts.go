package review

import "strings"

// texts are the words of the pages in one language. {shop}, {name} and {n}
// stand for what is filled in.
type texts struct {
	Lang  string
	Title string // of the page
	Intro string
	Shop  string // what is asked about the shop
	Goods string // … and about a product
	Stars [5]string
	// Heading and Words are the labels of the two text fields.
	Heading, Words, Public, Send, Test string

	MissingAsk, Missing, MissingTold, MissingNext string
	Faulty, FaultyTitle, FaultNone, FaultStars    string
	FaultHeading, FaultWords, Busy                string

	Thanks, ThanksText, Already, Ended, EndedText string

	OptOut, OptOutText, OptOutSend, OptedOut, OptedOutText string
}

// filled puts a value into a text.
func filled(text, name, value string) string { return strings.ReplaceAll(text, "{"+name+"}", value) }

// textsFor returns the words of the first of these languages that there is:
// "sv-SE" is read as "sv". English, if there is none.
func textsFor(locales ...string) *texts {
	for _, l := range locales {
		lang, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(l), "_", "-"), "-")
		for i := range languages {
			if languages[i].Lang == lang {
				return &languages[i]
			}
		}
	}
	return &languages[0]
}

// languages are all that the pages speak, English first. Read only.
var languages = [...]texts{
	{
		Lang: "en", Title: "Your review of {shop}",
		Intro: "Thank you for your order. Tell us how it was: choose the stars, and write a few words if you like.",
		Shop:  "How satisfied are you with {shop}?", Goods: "How do you like {name}?",
		Stars:   [5]string{"1 star: very bad", "2 stars: bad", "3 stars: fair", "4 stars: good", "5 stars: very good"},
		Heading: "Title (optional)", Words: "Your review (optional)",
		Public: "What you write may be published by {shop}, without your name. Please write nothing personal.",
		Send:   "Send my review", Test: "This is a test: nothing that you send is kept.",
		MissingAsk: "Has your order not arrived?", Missing: "I have not received my order",
		MissingTold: "We have told {shop}", MissingNext: "{shop} now knows that your order has not arrived. You can still write a review later, by the same link.",
		Faulty: "Error", FaultyTitle: "Please correct this:", FaultNone: "Choose at least one rating.", FaultStars: "Choose the stars: {name}",
		FaultHeading: "The title is too long, at most {n} characters: {name}", FaultWords: "The text is too long, at most {n} characters: {name}",
		Busy:   "Your review could not be saved just now. Nothing is lost: please send it again in a minute.",
		Thanks: "Thank you for your review", ThanksText: "Your review has been sent to {shop}. You can close this page.",
		Already: "We have your review already. Thank you!",
		Ended:   "This invitation has ended", EndedText: "No review can be written by this link any more.",
		OptOut: "No more invitations?", OptOutText: "{shop} will not send you invitations to write reviews any more.",
		OptOutSend: "Send me no more invitations", OptedOut: "You get no more invitations", OptedOutText: "{shop} will not ask you for reviews by e-mail any more.",
	},
	{
		Lang: "fr", Title: "Votre avis sur {shop}",
		Intro: "Merci pour votre commande. Dites-nous comment cela s’est passé : choisissez les étoiles et, si vous le souhaitez, écrivez quelques mots.",
		Shop:  "Êtes-vous satisfait de {shop} ?", Goods: "Que pensez-vous de {name} ?",
		Stars:   [5]string{"1 étoile : très mauvais", "2 étoiles : mauvais", "3 étoiles : moyen", "4 étoiles : bien", "5 étoiles : très bien"},
		Heading: "Titre (facultatif)", Words: "Votre avis (facultatif)",
		Public: "{shop} peut publier ce que vous écrivez, sans votre nom. N’écrivez rien de personnel.",
		Send:   "Envoyer mon avis", Test: "Ceci est un essai : rien de ce que vous envoyez n’est conservé.",
		MissingAsk: "Votre commande n’est pas arrivée ?", Missing: "Je n’ai pas reçu ma commande",
		MissingTold: "Nous avons prévenu {shop}", MissingNext: "{shop} sait maintenant que votre commande n’est pas arrivée. Vous pourrez donner votre avis plus tard, par le même lien.",
		Faulty: "Erreur", FaultyTitle: "Veuillez corriger :", FaultNone: "Donnez au moins une note.", FaultStars: "Choisissez les étoiles : {name}",
		FaultHeading: "Le titre est trop long, {n} caractères au plus : {name}", FaultWords: "Le texte est trop long, {n} caractères au plus : {name}",
		Busy:   "Votre avis n’a pas pu être enregistré pour le moment. Rien n’est perdu : renvoyez-le dans une minute.",
		Thanks: "Merci pour votre avis", ThanksText: "Votre avis a été envoyé à {shop}. Vous pouvez fermer cette page.",
		Already: "Nous avons déjà votre avis. Merci !",
		Ended:   "Cette invitation a pris fin", EndedText: "Ce lien ne permet plus de donner un avis.",
		OptOut: "Ne plus recevoir d’invitations ?", OptOutText: "{shop} ne vous enverra plus d’invitations à donner votre avis.",
		OptOutSend: "Ne plus m’envoyer d’invitations", OptedOut: "Vous ne recevrez plus d’invitations", OptedOutText: "{shop} ne vous demandera plus d’avis par e-mail.",
	},
	{
		Lang: "pl", Title: "Twoja opinia o {shop}",
		Intro: "Dziękujemy za zamówienie. Powiedz nam, jak było: wybierz gwiazdki i, jeśli chcesz, napisz kilka słów.",
		Shop:  "Jak oceniasz {shop}?", Goods: "Jak oceniasz produkt {name}?",
		Stars:   [5]string{"1 gwiazdka: bardzo źle", "2 gwiazdki: źle", "3 gwiazdki: średnio", "4 gwiazdki: dobrze", "5 gwiazdek: bardzo dobrze"},
		Heading: "Tytuł (nieobowiązkowy)", Words: "Twoja opinia (nieobowiązkowa)",
		Public: "{shop} może opublikować Twoją opinię bez podania nazwiska. Nie podawaj danych osobowych.",
		Send:   "Wyślij opinię", Test: "To jest test: nic z tego, co wyślesz, nie zostanie zachowane.",
		MissingAsk: "Zamówienie nie dotarło?", Missing: "Nie otrzymałem(-am) zamówienia",
		MissingTold: "Sklep {shop} został powiadomiony", MissingNext: "{shop} już wie, że zamówienie nie dotarło. Opinię możesz napisać później, korzystając z tego samego odnośnika.",
		Faulty: "Błąd", FaultyTitle: "Prosimy poprawić:", FaultNone: "Wystaw co najmniej jedną ocenę.", FaultStars: "Wybierz gwiazdki: {name}",
		FaultHeading: "Tytuł jest za długi, najwyżej {n} znaków: {name}", FaultWords: "Tekst jest za długi, najwyżej {n} znaków: {name}",
		Busy:   "W tej chwili nie udało się zapisać opinii. Nic nie przepadło: wyślij ją ponownie za minutę.",
		Thanks: "Dziękujemy za opinię", ThanksText: "Twoja opinia została wysłana do {shop}. Możesz zamknąć tę stronę.",
		Already: "Mamy już Twoją opinię. Dziękujemy!",
		Ended:   "To zaproszenie wygasło", EndedText: "Za pomocą tego odnośnika nie można już wystawić opinii.",
		OptOut: "Nie chcesz więcej zaproszeń?", OptOutText: "{shop} nie będzie już wysyłać Ci zaproszeń do wystawienia opinii.",
		OptOutSend: "Nie wysyłajcie mi więcej zaproszeń", OptedOut: "Nie otrzymasz więcej zaproszeń", OptedOutText: "{shop} nie będzie już prosić Cię o opinie e-mailem.",
	},
	{
		Lang: "es", Title: "Su opinión sobre {shop}",
		Intro: "Gracias por su pedido. Cuéntenos cómo le fue: elija las estrellas y, si lo desea, escriba unas palabras.",
		Shop:  "¿Qué le parece {shop}?", Goods: "¿Qué le parece {name}?",
		Stars:   [5]string{"1 estrella: muy mal", "2 estrellas: mal", "3 estrellas: regular", "4 estrellas: bien", "5 estrellas: muy bien"},
		Heading: "Título (opcional)", Words: "Su opinión (opcional)",
		Public: "{shop} puede publicar lo que escriba, sin su nombre. No escriba datos personales.",
		Send:   "Enviar mi opinión", Test: "Esto es una prueba: no se guarda nada de lo que envíe.",
		MissingAsk: "¿No ha llegado su pedido?", Missing: "No he recibido mi pedido",
		MissingTold: "Hemos avisado a {shop}", MissingNext: "{shop} ya sabe que su pedido no ha llegado. Podrá dar su opinión más tarde, con el mismo enlace.",
		Faulty: "Error", FaultyTitle: "Corrija lo siguiente:", FaultNone: "Dé al menos una valoración.", FaultStars: "Elija las estrellas: {name}",
		FaultHeading: "El título es demasiado largo, {n} caracteres como máximo: {name}", FaultWords: "El texto es demasiado largo, {n} caracteres como máximo: {name}",
		Busy:   "Ahora mismo no se ha podido guardar su opinión. No se ha perdido nada: envíela de nuevo dentro de un minuto.",
		Thanks: "Gracias por su opinión", ThanksText: "Su opinión se ha enviado a {shop}. Puede cerrar esta página.",
		Already: "Ya tenemos su opinión. ¡Gracias!",
		Ended:   "Esta invitación ha terminado", EndedText: "Con este enlace ya no se puede dar una opinión.",
		OptOut: "¿No quiere más invitaciones?", OptOutText: "{shop} ya no le enviará invitaciones para dar su opinión.",
		OptOutSend: "No me envíen más invitaciones", OptedOut: "No recibirá más invitaciones", OptedOutText: "{shop} ya no le pedirá opiniones por correo electrónico.",
	},
	{
		Lang: "sv", Title: "Ditt omdöme om {shop}",
		Intro: "Tack för din beställning. Berätta hur det gick: välj stjärnor och skriv gärna några ord.",
		Shop:  "Hur nöjd är du med {shop}?", Goods: "Vad tycker du om {name}?",
		Stars:   [5]string{"1 stjärna: mycket dåligt", "2 stjärnor: dåligt", "3 stjärnor: okej", "4 stjärnor: bra", "5 stjärnor: mycket bra"},
		Heading: "Rubrik (valfritt)", Words: "Ditt omdöme (valfritt)",
		Public: "{shop} kan publicera det du skriver, utan ditt namn. Skriv inget personligt.",
		Send:   "Skicka mitt omdöme", Test: "Det här är ett test: inget av det du skickar sparas.",
		MissingAsk: "Har din beställning inte kommit fram?", Missing: "Jag har inte fått min beställning",
		MissingTold: "Vi har meddelat {shop}", MissingNext: "{shop} vet nu att din beställning inte har kommit fram. Du kan skriva ett omdöme senare, med samma länk.",
		Faulty: "Fel", FaultyTitle: "Rätta till detta:", FaultNone: "Ge minst ett betyg.", FaultStars: "Välj stjärnor: {name}",
		FaultHeading: "Rubriken är för lång, högst {n} tecken: {name}", FaultWords: "Texten är för lång, högst {n} tecken: {name}",
		Busy:   "Ditt omdöme kunde inte sparas just nu. Inget har gått förlorat: skicka det igen om en minut.",
		Thanks: "Tack för ditt omdöme", ThanksText: "Ditt omdöme har skickats till {shop}. Du kan stänga sidan.",
		Already: "Vi har redan fått ditt omdöme. Tack!",
		Ended:   "Den här inbjudan har upphört", EndedText: "Det går inte längre att skriva ett omdöme med den här länken.",
		OptOut: "Vill du inte ha fler inbjudningar?", OptOutText: "{shop} kommer inte längre att skicka inbjudningar till dig om att skriva omdömen.",
		OptOutSend: "Skicka inga fler inbjudningar", OptedOut: "Du får inga fler inbjudningar", OptedOutText: "{shop} kommer inte längre att be dig om omdömen via e-post.",
	},
	{
		Lang: "de", Title: "Ihre Bewertung von {shop}",
		Intro: "Vielen Dank für Ihre Bestellung. Sagen Sie uns, wie es war: Wählen Sie die Sterne und schreiben Sie gern ein paar Worte.",
		Shop:  "Wie zufrieden sind Sie mit {shop}?", Goods: "Wie gefällt Ihnen {name}?",
		Stars:   [5]string{"1 Stern: sehr schlecht", "2 Sterne: schlecht", "3 Sterne: mittel", "4 Sterne: gut", "5 Sterne: sehr gut"},
		Heading: "Titel (freiwillig)", Words: "Ihre Bewertung (freiwillig)",
		Public: "{shop} darf veröffentlichen, was Sie schreiben, ohne Ihren Namen. Bitte schreiben Sie nichts Persönliches.",
		Send:   "Bewertung senden", Test: "Dies ist ein Test: Was Sie senden, wird nicht aufbewahrt.",
		MissingAsk: "Ist Ihre Bestellung nicht angekommen?", Missing: "Ich habe meine Bestellung nicht erhalten",
		MissingTold: "Wir haben {shop} Bescheid gegeben", MissingNext: "{shop} weiß nun, dass Ihre Bestellung nicht angekommen ist. Über denselben Link können Sie später noch bewerten.",
		Faulty: "Fehler", FaultyTitle: "Bitte berichtigen Sie:", FaultNone: "Geben Sie mindestens eine Bewertung ab.", FaultStars: "Wählen Sie die Sterne: {name}",
		FaultHeading: "Der Titel ist zu lang, höchstens {n} Zeichen: {name}", FaultWords: "Der Text ist zu lang, höchstens {n} Zeichen: {name}",
		Busy:   "Ihre Bewertung konnte gerade nicht gespeichert werden. Nichts ist verloren: Bitte senden Sie sie in einer Minute noch einmal.",
		Thanks: "Vielen Dank für Ihre Bewertung", ThanksText: "Ihre Bewertung wurde an {shop} gesendet. Sie können diese Seite schließen.",
		Already: "Wir haben Ihre Bewertung schon. Vielen Dank!",
		Ended:   "Diese Einladung ist beendet", EndedText: "Über diesen Link kann nicht mehr bewertet werden.",
		OptOut: "Keine weiteren Einladungen?", OptOutText: "{shop} schickt Ihnen dann keine Einladungen zu Bewertungen mehr.",
		OptOutSend: "Keine Einladungen mehr senden", OptedOut: "Sie erhalten keine Einladungen mehr", OptedOutText: "{shop} wird Sie nicht mehr per E-Mail um Bewertungen bitten.",
	},
}
