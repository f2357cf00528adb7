variable "bucket" {
  description = "Name of the bucket; globally unique."
  type        = string
}

variable "player_origins" {
  description = "Origins of pages that may play from the bucket, such as https://video.example.org; [\"*\"] when share links are embedded anywhere."
  type        = list(string)
  default     = ["*"]
}

variable "retention_days" {
  description = "Retentions, in days, for which the bucket has a lifecycle rule; footage that is kept for another number of days has no backstop."
  type        = set(number)
  default     = [30, 60, 90, 180, 365]

  validation {
    condition     = alltrue([for days in var.retention_days : days >= 1 && floor(days) == days])
    error_message = "A retention is a whole number of days, at least one."
  }
}

variable "backstop_days" {
  description = "Days after the retention that a recording's key names at which the bucket deletes what the control plane neither deleted nor moved: longer than the longest time that it may be away."
  type        = number
  default     = 30

  validation {
    condition     = var.backstop_days >= 14
    error_message = "Leave the control plane two weeks at least: what it could not move by then is lost, though a hold keeps it."
  }
}
