"""What any room may use, and what knows no faces. Nothing here imports anything else of ours."""
