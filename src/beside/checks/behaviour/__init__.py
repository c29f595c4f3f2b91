"""Does it do what people who know the job expect of single texts?"""
