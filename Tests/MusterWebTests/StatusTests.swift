import MusterWeb
