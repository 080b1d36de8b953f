package demo

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// answer sends a request, as a shop's own program would, and returns the body
// of a good answer.
func answer(req *http.Request) (io.Reader, error) {
	resp, err := (&http.Client{Timeout: 30 * time.Second}).Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxMessage))
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusNotFound:
		return nil, errAbsent
	case resp.StatusCode > 299:
		return nil, fmt.Errorf("answered %d: %.200s", resp.StatusCode, body)
	}
	return bytes.NewReader(body), nil
}

// post sends JSON as a client of CitrusAd does.
func post(ctx context.Context, address, key string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Basic "+key)
	req.Header.Set("Content-Type", "application/json")
	_, err = answer(req)
	return err
}
