"""The strategies of calibration, one file each, ending in `PLUGIN`. Choosing among them is not their business."""
