// Package files uploads a large file to a real hub by SFTP, and hands it in by
// the import command, while it watches how much memory the processes take:
//
//	go test -count=1 -v ./e2e/files -files.full
//
// reads 1,000,000 lines and demands that reading them takes at most 64 MB.
// Without the flag it is a small file, and memory is only looked at. Linux only.
//
// A chain's catalogue and promotions go into Delivery Hero's folders, and what
// became of them is read from the door's jobs.
package files
