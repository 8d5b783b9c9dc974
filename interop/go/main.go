// golang.org/x/oauth2 with go-oidc: OAuth by the one, OpenID Connect by the other. Registering, introspecting and revoking
// are done by hand; neither does them.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

var (
	issuer = os.Getenv("MATRICULA_ISSUER")
	drive  = os.Getenv("MATRICULA_DRIVE")
)

// Where the client is told the answer. Nobody listens there: alice stops before.
const redirectURI = "http://127.0.0.1:8765/callback"

var scopes = []string{oidc.ScopeOpenID, "profile", "email", oidc.ScopeOfflineAccess, "orders:read"}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(topic, by, sentence string) {
	fmt.Printf("check\t%s\t%s\t%s\n", topic, by, sentence)
}

// What the metadata have beside what the library reads.
type endpoints struct {
	Registration  string `json:"registration_endpoint"`
	Introspection string `json:"introspection_endpoint"`
	Revocation    string `json:"revocation_endpoint"`
	NamesIssuer   bool   `json:"authorization_response_iss_parameter_supported"`
}

type client struct {
	ID     string `json:"client_id"`
	Secret string `json:"client_secret"`
}

func run() error {
	versions()
	ctx := oidc.ClientContext(context.Background(), &http.Client{Transport: &counted})
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		return err
	}
	check("discovery", "yes", "OpenID Connect Discovery")
	var found endpoints
	if err := provider.Claims(&found); err != nil {
		return err
	}
	if !found.NamesIssuer {
		return errors.New("answers do not name their issuer")
	}
	for _, method := range []string{"client_secret_basic", "none"} {
		var registered client
		asked := map[string]any{
			"client_name": "interop", "redirect_uris": []string{redirectURI},
			"grant_types":                []string{"authorization_code", "refresh_token"},
			"token_endpoint_auth_method": method,
		}
		if err := register(found.Registration, asked, &registered); err != nil {
			return err
		}
		check("registration", "by hand", "a client that authenticates by "+method)
		if err := flow(ctx, provider, found, registered); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
	}
	check("public", "yes", "all of it again with nothing but an id; an API introspects")
	return nil
}

func flow(ctx context.Context, provider *oidc.Provider, found endpoints, registered client) error {
	isPublic := registered.Secret == ""
	config := oauth2.Config{
		ClientID: registered.ID, ClientSecret: registered.Secret, RedirectURL: redirectURI,
		// It is not told how to authenticate, and finds out.
		Endpoint: provider.Endpoint(), Scopes: scopes,
	}
	state, nonce, verifier := oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	answer, err := ask(config.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier)))
	if err != nil {
		return err
	}
	if answer.Get("state") != state || answer.Get("iss") != issuer {
		return fmt.Errorf("another state, or another issuer: %v", answer)
	}
	check("iss", "by hand", "the answer names its issuer")

	code := answer.Get("code")
	// One that finds out asks once more after any refusal, in the other way, and tells of that refusal alone.
	told := config
	told.Endpoint.AuthStyle = oauth2.AuthStyleInHeader
	if isPublic {
		told.Endpoint.AuthStyle = oauth2.AuthStyleInParams
	}
	_, err = told.Exchange(ctx, code, oauth2.VerifierOption(oauth2.GenerateVerifier()))
	if err := isInvalidGrant(err); err != nil {
		return err
	}
	check("refusal", "yes", "another verifier: RetrieveError, invalid_grant")

	counted.tokenRequests = 0
	tokens, err := config.Exchange(ctx, code, oauth2.VerifierOption(verifier))
	if err != nil {
		return err
	}
	// It begins with the header, with nothing for a secret if it has none.
	if isPublic != (counted.tokenRequests == 2) {
		return fmt.Errorf("the code took %d requests", counted.tokenRequests)
	}
	check("code", "yes", fmt.Sprintf("a code and its verifier become tokens, at attempt %d", counted.tokenRequests))

	text, _ := tokens.Extra("id_token").(string)
	idToken, err := provider.Verifier(&oidc.Config{ClientID: registered.ID}).Verify(ctx, text)
	if err != nil {
		return err
	}
	if idToken.Nonce != nonce {
		return errors.New("the ID token has another nonce")
	}
	check("id-token", "yes", "signature, issuer, audience, times; the nonce is compared by hand")

	about, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(tokens))
	if err != nil {
		return err
	}
	if about.Subject != idToken.Subject || about.Email != "alice@example.com" || !about.EmailVerified {
		return fmt.Errorf("userinfo is about somebody else: %+v", about)
	}
	check("userinfo", "yes", "the claims of alice")

	for turn := 0; turn < 2; turn++ {
		tokens.Expiry = time.Now().Add(-time.Hour)
		next, err := config.TokenSource(ctx, tokens).Token()
		if err != nil {
			return err
		}
		if next.RefreshToken == tokens.RefreshToken || next.AccessToken == tokens.AccessToken {
			return errors.New("it was not rotated")
		}
		tokens = next
	}
	check("refresh", "yes", "twice, each refresh token is another")

	asker := registered
	if isPublic {
		asker = client{"orders-api", "orders-api-secret"}
	}
	isActive := func() (bool, error) {
		var known struct {
			Active  bool   `json:"active"`
			Subject string `json:"sub"`
		}
		body, err := post(found.Introspection, asker, url.Values{"token": {tokens.AccessToken}})
		if err != nil {
			return false, err
		}
		if err := json.Unmarshal(body, &known); err != nil {
			return false, err
		}
		if known.Active && known.Subject != idToken.Subject {
			return false, fmt.Errorf("it is of somebody else: %s", body)
		}
		return known.Active, nil
	}
	if active, err := isActive(); err != nil || !active {
		return fmt.Errorf("the access token is not active: %w", err)
	}
	check("introspection", "by hand", "an access token is active, and of the same subject")

	if _, err := post(found.Revocation, registered, url.Values{"token": {tokens.RefreshToken}}); err != nil {
		return err
	}
	tokens.Expiry = time.Now().Add(-time.Hour)
	_, err = config.TokenSource(ctx, tokens).Token()
	if err := isInvalidGrant(err); err != nil {
		return err
	}
	if active, err := isActive(); err != nil || active {
		return fmt.Errorf("the access token outlives its refresh token: %w", err)
	}
	check("revocation", "by hand", "a revoked refresh token is dead, which the library tells, and its access token too")
	return nil
}

// What the library makes of a refusal.
func isInvalidGrant(err error) error {
	var refusal *oauth2.RetrieveError
	if errors.As(err, &refusal) && refusal.ErrorCode == "invalid_grant" {
		return nil
	}
	return fmt.Errorf("it should be invalid_grant: %v", err)
}

// Alice opens an authorization URL, signs in and consents.
func ask(address string) (url.Values, error) {
	response, err := http.Get(drive + "?" + url.Values{"url": {address}}.Encode())
	if err != nil {
		return nil, err
	}
	body, err := read(response)
	if err != nil {
		return nil, err
	}
	sent, err := url.Parse(string(body))
	if err != nil {
		return nil, err
	}
	return sent.Query(), nil
}

func register(endpoint string, asked any, registered *client) error {
	body, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	response, err := http.Post(endpoint, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body, err = read(response); err != nil {
		return err
	}
	return json.Unmarshal(body, registered)
}

func post(endpoint string, as client, form url.Values) ([]byte, error) {
	if as.Secret == "" {
		form.Set("client_id", as.ID)
	}
	request, err := http.NewRequest("POST", endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if as.Secret != "" {
		request.SetBasicAuth(as.ID, as.Secret)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	return read(response)
}

func read(response *http.Response) ([]byte, error) {
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s", response.Status, body)
	}
	return body, err
}

// Counts how often the token endpoint is asked.
type counting struct{ tokenRequests int }

var counted counting

func (counted *counting) RoundTrip(request *http.Request) (*http.Response, error) {
	if strings.HasSuffix(request.URL.Path, "/token") {
		counted.tokenRequests++
	}
	return http.DefaultTransport.RoundTrip(request)
}

// The versions that were built in.
func versions() {
	var found []string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, path := range []string{"github.com/coreos/go-oidc/v3", "golang.org/x/oauth2"} {
			for _, module := range info.Deps {
				if module.Path == path {
					found = append(found, strings.TrimPrefix(module.Version, "v"))
				}
			}
		}
	}
	fmt.Println(strings.Join(found, " with x/oauth2 "))
}
