"""Rows through pools of workers, on Ray's actors: the driver hands out each row and knows who has it.

`worker` is what runs in a process of its own, `pool` keeps a number of them at work, `flow` sends rows through one
pool or two, `passes` sends a motion's anchors through, `table` is what the driver knows of each worker, `lost_counter`
counts lost rows, `failures` words Ray's errors.
"""
