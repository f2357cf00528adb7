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
  description = "Every retention, in days, that cameras may be enrolled with: one lifecycle rule each."
  type        = set(number)
  default     = [30, 60, 90, 180]
}

variable "backstop_days" {
  description = "Days after a recording's retention at which the bucket deletes what the control plane did not, holds included: choose it longer than the longest hold."
  type        = number
  default     = 365
}
