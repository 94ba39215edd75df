"""Rows through pools of workers, on Ray's actors: the driver hands out each row and knows who has it.

Downwards: `passes` sends a motion's anchors through, `flow` sends rows through one pool or two, `pool` keeps a number
of workers at work, `spare` hands idle ones on to the next flow, `worker` is what runs in a process of its own. `table`
is what the driver knows of each worker, `lost_counter` counts lost rows, `failures` words Ray's errors.
"""
