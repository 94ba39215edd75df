"""What a job asks for, read and checked."""
