"""Rows through pools of workers, on Ray's actors: the driver hands out each row and knows who has it.

`worker` is what runs in a process of its own, `pool` keeps a number of them at work, `flow` sends rows through one
pool or two, `table` is what the driver knows of each worker, `alarm` ends a process in which Ray does not answer.
"""
